// A `userd node` of a test's own, in a temporary folder and on a free port that it keeps over restarts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const userd = process.env.USERD;
if (!userd) throw new Error("USERD must name the program; `make judges` does");

export class Server {
  #folder;
  #process;
  // address is where it listens, host:port.
  address = "127.0.0.1:0";

  // start returns a running node with an empty log.
  static async start() {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), "judges-"));
    await server.#run();
    return server;
  }

  // restart ends the node by a signal and runs it again on the same log.
  async restart(signal = "SIGTERM") {
    await this.#end(signal);
    await this.#run();
  }

  // stop ends the node and removes its log.
  async stop() {
    await this.#end("SIGTERM");
    await rm(this.#folder, { recursive: true });
  }

  async #run() {
    this.#process = spawn(userd, ["node", "--listen", this.address, "--data", join(this.#folder, "log")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, LOG_LEVEL: "warn" },
    });
    for await (const line of createInterface(this.#process.stdout)) {
      const ready = /^ready eventstore=(\S+)$/.exec(line);
      if (ready) {
        this.address = ready[1];
        return;
      }
    }
    throw new Error("userd node ended before it was ready");
  }

  async #end(signal) {
    const exited = once(this.#process, "exit");
    this.#process.kill(signal);
    const [code] = await exited;
    if (signal === "SIGTERM" && code !== 0) throw new Error(`userd node ended with ${code}`);
  }
}
