// All clients see the same log: both libraries, by a read and by a subscription, and the service's own client.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { assert, event, events, judge, newStream, persist, test } from "./kit.js";
import { names } from "./libraries.js";

const witness = process.env.WITNESS;
if (!witness) throw new Error("WITNESS must name the program; `make judges` does");

// lines runs a program and reads the objects that it prints.
async function lines(program, args, env = process.env) {
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 1 << 26 });
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

// testimony is what the service's own client says of the log.
async function testimony({ address }) {
  const said = await lines(witness, [`esdb://${address}?tls=false`]);
  return said.map((one) => ({ ...one, data: one.json ? JSON.parse(Buffer.from(one.data, "base64")) : one.data }));
}

judge((on) => {
  const { library } = on;

  // live writes what a life brings: streams that grow, are truncated, deleted, made anew and closed.
  async function live() {
    const [long, short, gone] = [newStream("long"), newStream("short"), newStream("gone")];
    for (let i = 0; i < 20; i++) await on.client.appendToStream(long, events(library, 7));
    await on.client.setStreamMetadata(long, { maxCount: 5 });
    await on.client.appendToStream(short, library.binaryEvent({ type: "binary", data: Buffer.from([0, 1, 255]) }));
    await on.client.deleteStream(short);
    await on.client.appendToStream(short, event(library));
    await on.client.appendToStream(gone, [event(library), library.binaryEvent({ type: "$>", data: Buffer.from(`3@${long}`) })]);
    await on.client.tombstoneStream(gone);
    await Promise.all(events(library, 100).map((one) => on.client.appendToStream(newStream(), one)));
  }

  test("all clients see the same log, also after a restart", async () => {
    for (const signal of [null, "SIGTERM", "SIGKILL"]) {
      if (signal) await on.server.restart(signal);
      await persist(on, live);
      const said = await testimony(on.server);
      assert.ok(said.length > 200, `${said.length} events`);
      for (const name of names) {
        const found = await lines(process.execPath, ["reader.js", on.server.address], { ...process.env, LIBRARY: name });
        assert.deepEqual(found.slice(0, said.length), said, `${name} reads`);
        assert.deepEqual(found.slice(said.length), said, `${name} follows`);
      }
    }
  });
});
