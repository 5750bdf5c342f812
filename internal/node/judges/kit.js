// What the suites share: one node and one client a file, and short names for long calls.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { inspect } from "node:util";

import { status } from "@grpc/grpc-js";

import { library } from "./libraries.js";
import { Server } from "./server.js";

// patience is how long something may take that is to happen, in milliseconds.
export const patience = 30_000;

// judge has the library judge a node: it calls suite with a context whose server and client are there when the tests
// run.
export function judge(suite) {
  describe(library.name, { timeout: 10 * patience }, () => {
    const context = { library, ...library };
    before(async () => {
      context.server = await Server.start();
      context.client = library.connect(context.server);
    });
    after(async () => {
      await context.client.dispose();
      await context.server.stop();
    });
    suite(context);
  });
}

export { assert, test };

// newStream is a name that no other test uses.
export const newStream = (kind = "stream") => `${kind}-${randomUUID()}`;

// ids are distinct event ids.
export const ids = (n) => Array.from({ length: n }, () => randomUUID());

// event is an event with an id and, if nothing else is said, data that names it.
export const event = (library, id = randomUUID(), data = { id }) => library.jsonEvent({ id, type: "happened", data });

// events are as many new ones.
export const events = (library, n) => ids(n).map((id) => event(library, id));

// collect reads to the end.
export async function collect(stream) {
  const all = [];
  for await (const one of stream) all.push(one);
  return all;
}

// revisions and eventIDs are what a read found.
export const revisions = (found) => found.map(({ event }) => Number(event.revision));
export const eventIDs = (found) => found.map(({ event }) => event.id);

// refused fails unless what is promised is refused with an error of that class and those fields.
export async function refused(promise, kind, fields = {}) {
  const error = await promise.then(
    (value) => assert.fail(`expected ${kind.name}, got ${inspect(value)}`),
    (error) => error,
  );
  assert.ok(error instanceof kind, `expected ${kind.name}, got ${error.stack}`);
  for (const [name, value] of Object.entries(fields)) assert.deepEqual(error[name], value, name);
  return error;
}

// persist repeats what fails because the node was away, with a breath in between. After a restart a client has to
// notice it first, by a call that fails.
export async function persist(library, action) {
  const until = Date.now() + patience;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isAway(library, error) || Date.now() > until) throw error;
      await breath();
    }
  }
}

// breath is the pause before something is tried again.
export const breath = () => setTimeout(20);

// isAway tells whether a call failed because the node was away. Some errors of gRPC come as they are.
export const isAway = ({ UnavailableError, CancelledError }, error) =>
  error instanceof UnavailableError || error instanceof CancelledError ||
  [status.CANCELLED, status.UNAVAILABLE].includes(error.code);
