// Catch-up subscriptions: from anywhere to live, filtered, and resumed after restarts with nothing lost or doubled.
import { once } from "node:events";

import { assert, breath, collect, event, eventIDs, events, ids, isAway, judge, newStream, patience, persist, test } from "./kit.js";

judge((on) => {
  const { END, START, NO_STREAM, library } = on;
  const append = (stream, what) => persist(on, () => on.client.appendToStream(stream, what));

  // take reads that many events of a subscription and ends it.
  async function take(subscription, n) {
    const taken = [];
    for await (const one of subscription) {
      taken.push(one);
      if (taken.length === n) break;
    }
    await subscription.unsubscribe();
    return taken;
  }

  test("a subscription to a stream goes from its beginning to what comes", async () => {
    const stream = newStream();
    const written = events(library, 5);
    await append(stream, written.slice(0, 3));
    const subscription = on.client.subscribeToStream(stream);
    const first = take(subscription, 5);
    await once(subscription, "confirmation", { signal: AbortSignal.timeout(patience) });
    assert.ok(subscription.id);
    await append(stream, written.slice(3));
    assert.deepEqual(eventIDs(await first), written.map(({ id }) => id));
  });

  test("a subscription begins behind the revision it names", async () => {
    const stream = newStream();
    const written = events(library, 5);
    await append(stream, written);
    const found = await take(on.client.subscribeToStream(stream, { fromRevision: 1n }), 3);
    assert.deepEqual(eventIDs(found), written.slice(2).map(({ id }) => id));
  });

  test("a subscription from the end brings only what comes", async () => {
    const stream = newStream();
    await append(stream, events(library, 3));
    const subscription = on.client.subscribeToStream(stream, { fromRevision: END });
    const next = take(subscription, 1);
    await once(subscription, "confirmation", { signal: AbortSignal.timeout(patience) });
    const one = event(library);
    await append(stream, one);
    assert.deepEqual(eventIDs(await next), [one.id]);
  });

  test("a stream may be followed before there is one, and over its deletion", async () => {
    const stream = newStream();
    const subscription = on.client.subscribeToStream(stream);
    const found = take(subscription, 3);
    await once(subscription, "confirmation", { signal: AbortSignal.timeout(patience) });
    const written = events(library, 3);
    await append(stream, written.slice(0, 2));
    await on.client.deleteStream(stream);
    await append(stream, written[2]);
    assert.deepEqual(eventIDs(await found), written.map(({ id }) => id));
  });

  test("a closed stream cannot be followed", async () => {
    const stream = newStream();
    await on.client.tombstoneStream(stream);
    const [error] = await once(on.client.subscribeToStream(stream), "error", { signal: AbortSignal.timeout(patience) });
    assert.ok(error instanceof on.StreamDeletedError, error.stack);
    assert.equal(error.streamName, stream);
  });

  test("a closing reaches who follows", async () => {
    const stream = newStream();
    await append(stream, event(library));
    const found = take(on.client.subscribeToStream(stream), 2);
    await on.client.tombstoneStream(stream);
    assert.deepEqual((await found).map(({ event }) => event.type), ["happened", "$streamDeleted"]);
  });

  test("links are resolved on the way", async () => {
    const [target, links] = [newStream("target"), newStream("links")];
    const one = event(library);
    await append(target, one);
    await append(links, library.binaryEvent({ type: "$>", data: Buffer.from(`0@${target}`) }));
    const [found] = await take(on.client.subscribeToStream(links, { resolveLinkTos: true }), 1);
    assert.deepEqual([found.event.id, found.link.streamId], [one.id, links]);
  });

  test("the log is followed from a position, which is not repeated", async () => {
    const stream = newStream();
    const written = events(library, 4);
    await append(stream, written);
    const log = await collect(on.client.readAll());
    const all = await take(on.client.subscribeToAll({ fromPosition: START }), log.length);
    assert.deepEqual(eventIDs(all), eventIDs(log));
    const from = log.at(-3).event.position;
    assert.deepEqual(eventIDs(await take(on.client.subscribeToAll({ fromPosition: from }), 2)), eventIDs(log.slice(-2)));
  });

  test("a slow subscriber gets everything in the end", async () => {
    const stream = newStream();
    const subscription = on.client.subscribeToStream(stream);
    await append(stream, event(library));
    const wanted = [];
    const found = [];
    for await (const { event } of subscription) {
      if (found.length === 0) { // it waits while much more comes than anyone buffers
        for (let i = 0; i < 10; i++) {
          const data = { text: "x".repeat(2000) };
          const some = ids(200).map((id) => library.jsonEvent({ id, type: "happened", data }));
          wanted.push(...some.map(({ id }) => id));
          await append(stream, some);
        }
      }
      found.push(event.id);
      if (found.length === wanted.length + 1) break;
    }
    assert.deepEqual(found.slice(1), wanted);
  });

  const kinds = (options) => [
    ["stream prefixes", library.streamNameFilter({ prefixes: ["wanted-", "also-"], ...options })],
    ["a stream regex", library.streamNameFilter({ regex: "^(wanted|also)-", ...options })],
    ["type prefixes", library.eventTypeFilter({ prefixes: ["good.", "fine."], ...options })],
    ["a type regex", library.eventTypeFilter({ regex: "^(good|fine)\\.", ...options })],
  ];
  for (const [name] of kinds({})) {
    test(`filtered by ${name}, a subscription brings what matches and tells how far it came`, async () => {
      const { position } = await append(newStream("other"), event(library));
      const wanted = [];
      for (let i = 0; i < 60; i++) {
        const [kind, type] = i % 3 === 0 ? ["wanted", "good.thing"] : i % 7 === 0 ? ["also", "fine.thing"] : ["other", "bad.good.thing"];
        const one = library.jsonEvent({ type, data: { i } });
        await append(newStream(kind), one);
        if (kind !== "other") wanted.push(one.id);
      }
      const checkpoints = [];
      const checkpointReached = (_, at) => void checkpoints.push(at.commit);
      const [, filter] = kinds({ maxSearchWindow: 10, checkpointInterval: 1, checkpointReached }).find(([n]) => n === name);
      const found = await take(on.client.subscribeToAll({ fromPosition: position, filter }), wanted.length);
      assert.deepEqual(eventIDs(found), wanted);
      assert.ok(checkpoints.length >= 3, `${checkpoints.length} checkpoints in 60 events`);
      assert.deepEqual(checkpoints, [...new Set(checkpoints)].sort((a, b) => (a < b ? -1 : 1)), "they only go on");
    });
  }

  test("resumed from its checkpoints over restarts, a filtered subscription misses and repeats nothing", async () => {
    const { position } = await append(newStream("other"), event(library));
    const prefix = newStream("counted");
    let place = position; // as a consumer keeps it: of the last event or checkpoint
    let [restarts, checkpoints] = [0, 0];
    const found = [];
    const wanted = [];
    const last = event(library);

    const count = async (stream, one) => {
      // At no stream, so that an append whose answer was lost is no second event.
      await persist(on, () => on.client.appendToStream(stream, one, on.expecting(NO_STREAM)));
      if (stream.startsWith(prefix)) wanted.push(one.id);
    };
    const writing = (async () => {
      for (let i = 0; i < 300; i++) {
        await count(i % 5 === 0 ? `${prefix}-${i}` : newStream("other"), event(library));
        if (i % 100 === 50) await on.server.restart(restarts++ % 2 === 0 ? "SIGTERM" : "SIGKILL");
      }
      await count(`${prefix}-last`, last);
    })();

    const until = Date.now() + 2 * patience;
    while (found.at(-1) !== last.id) {
      assert.ok(Date.now() < until, `${found.length} of ${wanted.length} after ${restarts} restarts`);
      const filter = library.streamNameFilter({
        prefixes: [prefix], maxSearchWindow: 7, checkpointInterval: 1,
        checkpointReached: (_, at) => { place = at; checkpoints++; },
      });
      try {
        for await (const { event } of on.client.subscribeToAll({ fromPosition: place, filter })) {
          found.push(event.id);
          place = event.position;
          if (event.id === last.id) break;
        }
      } catch (error) {
        if (!isAway(on, error)) throw error;
        await breath();
      }
    }
    await writing;
    assert.deepEqual(found, wanted);
    assert.equal(restarts, 3);
    assert.ok(checkpoints > 0, "no checkpoint came");
  });
});
