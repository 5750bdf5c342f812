// Stream metadata: what it keeps, and what it hides.
import { assert, collect, eventIDs, events, judge, newStream, persist, revisions, test } from "./kit.js";

judge((on) => {
  const { BACKWARDS, END, NO_STREAM, library } = on;
  const read = (stream, options) => collect(on.client.readStream(stream, options));
  const back = { direction: BACKWARDS, fromRevision: END };

  async function ten() {
    const stream = newStream();
    const written = events(library, 10);
    await on.client.appendToStream(stream, written, on.expecting(NO_STREAM));
    return { stream, ids: written.map(({ id }) => id) };
  }

  test("there is none before it is set, and what is set is read", async () => {
    const { stream } = await ten();
    assert.equal((await on.client.getStreamMetadata(stream)).metadata, undefined);
    const metadata = {
      maxCount: 100, maxAge: 3600, truncateBefore: 1, cacheControl: 60, color: "blue",
      acl: { readRoles: ["a"], writeRoles: ["b", "c"], deleteRoles: ["d"], metaReadRoles: ["e"], metaWriteRoles: ["f"] },
    };
    await on.client.setStreamMetadata(stream, metadata, on.expecting(NO_STREAM));
    assert.deepEqual({ ...(await on.client.getStreamMetadata(stream)).metadata }, metadata);
    await on.client.setStreamMetadata(stream, { color: "red" }, on.expecting(0n));
    assert.deepEqual({ ...(await on.client.getStreamMetadata(stream)).metadata }, { color: "red" });
    assert.deepEqual(revisions(await read(`$$${stream}`)), [1], "only the last is readable");
  });

  const hidings = [
    [{ maxCount: 3 }, [7, 8, 9]],
    [{ truncateBefore: 4 }, [4, 5, 6, 7, 8, 9]],
    [{ maxCount: 3, truncateBefore: 8 }, [8, 9]],
    [{ maxCount: 8, truncateBefore: 1 }, [2, 3, 4, 5, 6, 7, 8, 9]],
    [{ truncateBefore: 10 }, []],
    [{ truncateBefore: 50 }, []],
    [{ maxAge: 3600 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ];
  test("what is hidden depends on the metadata that stands", async () => {
    const { stream, ids } = await ten();
    for (const [metadata, wanted] of hidings) {
      await on.client.setStreamMetadata(stream, metadata);
      const said = JSON.stringify(metadata);
      assert.deepEqual(revisions(await read(stream)), wanted, said);
      assert.deepEqual(revisions(await read(stream, back)), [...wanted].reverse(), said);
      assert.deepEqual(revisions(await read(stream, { fromRevision: 0n, maxCount: 2 })), wanted.slice(0, 2), said);
      const log = (await collect(on.client.readAll())).filter(({ event }) => event.streamId === stream);
      assert.deepEqual(eventIDs(log), ids, `the log hides nothing: ${said}`);
    }
  });

  test("a limit moves with the stream, and holds after a restart", async () => {
    const { stream } = await ten();
    await on.client.setStreamMetadata(stream, { maxCount: 3 });
    await on.client.appendToStream(stream, events(library, 2), on.expecting(9n));
    assert.deepEqual(revisions(await read(stream)), [9, 10, 11]);
    await on.server.restart();
    assert.deepEqual(revisions(await persist(on, () => read(stream))), [9, 10, 11]);
    assert.equal((await persist(on, () => on.client.getStreamMetadata(stream))).metadata.maxCount, 3);
  });

  test("events grow too old to be read", async () => {
    const { stream } = await ten();
    await on.client.setStreamMetadata(stream, { maxAge: 1 });
    const until = Date.now() + 30_000;
    while ((await read(stream)).length > 0) assert.ok(Date.now() < until, "they are still there");
    await on.client.appendToStream(stream, events(library, 1));
    assert.deepEqual(revisions(await read(stream, { maxCount: 100 })), [10]);
  });
});
