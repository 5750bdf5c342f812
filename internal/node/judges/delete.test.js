// Deletion: for now (the stream goes on where it was) and for good.
import { assert, collect, event, eventIDs, events, judge, newStream, persist, refused, revisions, test } from "./kit.js";

judge((on) => {
  const { ANY, NO_STREAM, STREAM_EXISTS, StreamDeletedError, StreamNotFoundError, WrongExpectedVersionError, library } = on;
  const append = (stream, what, expected) => on.client.appendToStream(stream, what, on.expecting(expected));
  const read = (stream) => collect(on.client.readStream(stream));

  async function three() {
    const stream = newStream();
    await append(stream, events(library, 3), NO_STREAM);
    return stream;
  }

  for (const remove of ["deleteStream", "tombstoneStream"]) {
    test(`${remove} at a wrong revision names what was expected and what is there`, async () => {
      const stream = await three();
      for (const expectedRevision of [1n, 5n]) {
        const error = await refused(on.client[remove](stream, { expectedRevision }), WrongExpectedVersionError, { streamName: stream });
        assert.deepEqual(on.versions(error), { expected: expectedRevision, actual: 2n });
      }
      assert.deepEqual(revisions(await read(stream)), [0, 1, 2]);
    });
  }

  test("a deleted stream is not found, its events stay in the log, and it goes on where it was", async () => {
    const stream = await three();
    const { position } = await on.client.deleteStream(stream, { expectedRevision: 2n });
    await refused(read(stream), StreamNotFoundError, { streamName: stream });
    const log = await collect(on.client.readAll());
    assert.equal(log.filter(({ event }) => event.streamId === stream).length, 3);
    assert.deepEqual(log.find(({ event }) => event.position.commit === position.commit).event.streamId, `$$${stream}`);
    assert.equal((await on.client.getStreamMetadata(stream)).metadata.truncateBefore, 2 ** 63);

    const one = event(library);
    assert.equal((await append(stream, one, NO_STREAM)).nextExpectedRevision, 3n);
    const found = await read(stream);
    assert.deepEqual([revisions(found), eventIDs(found)], [[3], [one.id]]);
    assert.equal((await on.client.getStreamMetadata(stream)).metadata.truncateBefore, 3);
  });

  for (const expected of [ANY, NO_STREAM, 2n]) {
    test(`a deleted stream is created again at ${expected}`, async () => {
      const stream = await three();
      await on.client.deleteStream(stream);
      assert.equal((await append(stream, events(library, 2), expected)).nextExpectedRevision, 4n);
      assert.deepEqual(revisions(await read(stream)), [3, 4]);
    });
  }

  test("a deleted stream refuses other revisions, and stream exists", async () => {
    const stream = await three();
    await on.client.deleteStream(stream);
    const error = await refused(append(stream, event(library), 0n), WrongExpectedVersionError, { streamName: stream });
    assert.deepEqual(on.versions(error), { expected: 0n, actual: 2n });
    await refused(append(stream, event(library), STREAM_EXISTS), StreamDeletedError, { streamName: stream });
  });

  test("a stream that never was cannot be deleted", async () => {
    const stream = newStream();
    const error = await refused(on.client.deleteStream(stream), WrongExpectedVersionError, { streamName: stream });
    assert.deepEqual(on.versions(error), { expected: -2n, actual: -1n });
  });

  test("a retry of what a deleted stream held is recognised", async () => {
    const stream = newStream();
    const one = event(library);
    await append(stream, one, NO_STREAM);
    await on.client.deleteStream(stream);
    const answer = await append(stream, one, NO_STREAM);
    assert.deepEqual([answer.nextExpectedRevision, answer.position], [0n, undefined]);
    await refused(read(stream), StreamNotFoundError);
  });

  test("a tombstone is for good", async () => {
    const stream = await three();
    const one = event(library);
    const { position } = await on.client.tombstoneStream(stream, { expectedRevision: 2n });
    const closed = async () => {
      const wanted = [StreamDeletedError, { streamName: stream }];
      await refused(persist(on, () => read(stream)), ...wanted);
      for (const expected of [ANY, NO_STREAM, STREAM_EXISTS, 2n]) await refused(append(stream, one, expected), ...wanted);
      await refused(on.client.deleteStream(stream), ...wanted);
      await refused(on.client.tombstoneStream(stream), ...wanted);
      await refused(on.client.setStreamMetadata(stream, { maxCount: 1 }), StreamDeletedError, { streamName: `$$${stream}` });
    };
    await closed();
    const [last] = await collect(on.client.readAll({ fromPosition: position, maxCount: 1 }));
    assert.deepEqual([last.event.streamId, last.event.type, last.event.revision], [stream, "$streamDeleted", 2n ** 63n - 1n]);
    await on.server.restart();
    await closed();
  });

  test("a name can be closed before it is used, and after it was deleted", async () => {
    const fresh = newStream();
    await on.client.tombstoneStream(fresh);
    await refused(append(fresh, event(library), NO_STREAM), StreamDeletedError, { streamName: fresh });
    const deleted = await three();
    await on.client.deleteStream(deleted);
    await on.client.tombstoneStream(deleted);
    await refused(read(deleted), StreamDeletedError, { streamName: deleted });
  });
});
