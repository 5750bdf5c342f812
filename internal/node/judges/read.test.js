// Reads: of a stream and of the log, in both directions, from anywhere, with and without links resolved.
import { inspect } from "node:util";

import { assert, collect, event, eventIDs, events, judge, newStream, refused, revisions, test } from "./kit.js";

judge((on) => {
  const { BACKWARDS, END, FORWARDS, START, NO_STREAM, library } = on;
  const read = (stream, options) => collect(on.client.readStream(stream, options));
  const readAll = (options) => collect(on.client.readAll(options));

  // ten writes a stream of ten and returns its events.
  async function ten() {
    const stream = newStream();
    const written = events(library, 10);
    await on.client.appendToStream(stream, written, on.expecting(NO_STREAM));
    return { stream, ids: written.map(({ id }) => id) };
  }

  const ranges = [
    [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ fromRevision: START, maxCount: 3 }, [0, 1, 2]],
    [{ fromRevision: 4n, maxCount: 3 }, [4, 5, 6]],
    [{ fromRevision: 9n }, [9]],
    [{ fromRevision: 10n }, []],
    [{ fromRevision: 500n }, []],
    [{ direction: BACKWARDS, fromRevision: END }, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    [{ direction: BACKWARDS, fromRevision: END, maxCount: 1 }, [9]],
    [{ direction: BACKWARDS, fromRevision: 4n, maxCount: 3 }, [4, 3, 2]],
    [{ direction: BACKWARDS, fromRevision: 500n, maxCount: 600 }, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
  ];
  if (on.keepsDirection) ranges.push([{ direction: BACKWARDS, fromRevision: START }, [0]]);
  test("a stream is read from anywhere, in both directions", async () => {
    const { stream, ids } = await ten();
    for (const [options, wanted] of ranges) {
      const found = await read(stream, options);
      assert.deepEqual(revisions(found), wanted, inspect(options));
      assert.deepEqual(eventIDs(found), wanted.map((n) => ids[n]));
    }
  });

  test("a missing stream is an error that names it", async () => {
    const stream = newStream("missing");
    for (const direction of [FORWARDS, BACKWARDS]) {
      const fromRevision = direction === FORWARDS ? START : END;
      await refused(read(stream, { direction, fromRevision }), on.StreamNotFoundError, { streamName: stream });
    }
  });

  test("the log is read from anywhere, in both directions", async () => {
    const { ids } = await ten();
    const all = await readAll();
    const positions = all.map(({ event }) => event.position.commit);
    assert.deepEqual(positions, [...positions].sort((a, b) => (a < b ? -1 : 1)));
    assert.equal(new Set(positions).size, positions.length);
    assert.deepEqual(eventIDs(all.slice(-10)), ids, "the last ten are ours");
    assert.ok(all.some(({ event }) => event.streamId === "$users"), "system streams are there");

    const fourth = all.at(-7).event.position;
    assert.deepEqual(eventIDs(await readAll({ fromPosition: fourth, maxCount: 2 })), ids.slice(3, 5), "inclusive");
    const back = { direction: BACKWARDS };
    assert.deepEqual(eventIDs(await readAll({ ...back, fromPosition: END })), eventIDs(all).reverse());
    assert.deepEqual(eventIDs(await readAll({ ...back, fromPosition: fourth, maxCount: 2 })), [ids[2], ids[1]], "exclusive");
    if (on.keepsDirection) {
      assert.deepEqual(await readAll({ ...back, fromPosition: START }), []);
      assert.deepEqual(await readAll({ fromPosition: END }), []);
    }
  });

  test("positions read from a stream are those in the log", async () => {
    const { stream } = await ten();
    const log = (await readAll()).filter(({ event }) => event.streamId === stream);
    assert.deepEqual((await read(stream)).map(({ event }) => event.position), log.map(({ event }) => event.position));
  });

  test("links show their target only when asked to, and only while it can be read", async () => {
    const { stream: target, ids } = await ten();
    const links = newStream("links");
    const link = (n, to = target) => library.binaryEvent({ type: "$>", data: Buffer.from(`${n}@${to}`) });
    const written = [link(1), link(7), link(99), link(0, newStream("missing")), event(library)];
    await on.client.appendToStream(links, written, on.expecting(NO_STREAM));

    const plain = await read(links);
    assert.deepEqual(eventIDs(plain), written.map(({ id }) => id));
    assert.ok(plain.every(({ link }) => link === undefined));

    const followed = await read(links, { resolveLinkTos: true });
    assert.deepEqual(followed.map(({ event }) => event?.id), [ids[1], ids[7], undefined, undefined, written[4].id]);
    assert.deepEqual(followed.map(({ link }) => link?.id), [...written.slice(0, 4).map(({ id }) => id), undefined]);
    assert.deepEqual(followed.map(({ commitPosition }) => commitPosition), plain.map(({ event }) => event.position.commit));

    const all = await readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 5, resolveLinkTos: true });
    assert.deepEqual(all.reverse().map(({ event }) => event?.id), followed.map(({ event }) => event?.id));

    await on.client.setStreamMetadata(target, { truncateBefore: 5 });
    const truncated = await read(links, { resolveLinkTos: true, maxCount: 2 });
    assert.deepEqual(truncated.map(({ event }) => event?.id), [undefined, ids[7]]);
    await on.client.tombstoneStream(target);
    const gone = await read(links, { resolveLinkTos: true, maxCount: 2 });
    assert.deepEqual(gone.map(({ event, link }) => [event?.id, link?.id]), [[undefined, written[0].id], [undefined, written[1].id]]);
  });

  test("a stream of thousands comes whole", async () => {
    const stream = newStream();
    const wanted = [];
    for (let i = 0; i < 10; i++) {
      const some = events(library, 500);
      wanted.push(...some.map(({ id }) => id));
      await on.client.appendToStream(stream, some);
    }
    assert.deepEqual(eventIDs(await read(stream)), wanted);
    assert.deepEqual(eventIDs(await read(stream, { direction: BACKWARDS, fromRevision: END })), wanted.reverse());
  });
});
