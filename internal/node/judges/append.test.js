// Appends: what is expected of a stream, what an answer says, and what comes back by a read.
import { assert, collect, event, eventIDs, events, ids, judge, newStream, refused, revisions, test } from "./kit.js";

judge((on) => {
  const { ANY, NO_STREAM, STREAM_EXISTS, WrongExpectedVersionError, library } = on;
  const append = (stream, what, expected, options = {}) =>
    on.client.appendToStream(stream, what, { ...on.expecting(expected), ...options });

  const accepted = [
    { before: 0, expected: ANY },
    { before: 0, expected: NO_STREAM },
    { before: 2, expected: ANY },
    { before: 2, expected: STREAM_EXISTS },
    { before: 2, expected: 1n },
  ];
  for (const { before, expected } of accepted) {
    test(`a stream of ${before} takes an append at ${expected}`, async () => {
      const stream = newStream();
      if (before > 0) await append(stream, events(library, before), NO_STREAM);
      const more = events(library, 2);
      const answer = await append(stream, more, expected);
      assert.equal(answer.success, true);
      assert.equal(answer.nextExpectedRevision, BigInt(before + 1));
      const found = await collect(on.client.readStream(stream));
      assert.deepEqual(eventIDs(found.slice(before)), more.map(({ id }) => id));
      assert.deepEqual(found.at(-1).event.position, answer.position, "the position is the last event's");
    });
  }

  const wrong = [
    { before: 0, expected: STREAM_EXISTS, actual: "no_stream" },
    { before: 0, expected: 0n, actual: "no_stream" },
    { before: 2, expected: NO_STREAM, actual: 1n },
    { before: 2, expected: 0n, actual: 1n },
    { before: 2, expected: 7n, actual: 1n },
  ];
  for (const { before, expected, actual } of wrong) {
    test(`a stream of ${before} refuses an append at ${expected}`, async () => {
      const stream = newStream();
      if (before > 0) await append(stream, events(library, before), NO_STREAM);
      const error = await refused(append(stream, event(library), expected), WrongExpectedVersionError, { streamName: stream });
      assert.deepEqual(on.versions(error), { expected, actual });
      if (before > 0) assert.deepEqual(revisions(await collect(on.client.readStream(stream))), [0, 1]);
    });

    test(`a client that does not throw is told so: ${before}, ${expected}`, async () => {
      const lenient = library.connect(on.server, "&throwOnAppendFailure=false");
      try {
        const stream = newStream();
        if (before > 0) await append(stream, events(library, before), NO_STREAM);
        const answer = await lenient.appendToStream(stream, event(library), on.expecting(expected));
        assert.equal(answer.success, false);
        assert.equal(answer.nextExpectedRevision, actual === "no_stream" ? -1n : actual);
        assert.equal(answer.position, undefined);
      } finally {
        await lenient.dispose();
      }
    });
  }

  test("data, metadata and kind come back as they were", async () => {
    const stream = newStream();
    const [json, binary, bare] = ids(3);
    const bytes = Uint8Array.from([0, 255, 1, 254]);
    await append(stream, [
      library.jsonEvent({ id: json, type: "json", data: { text: "grüße", n: 1 }, metadata: { by: "me" } }),
      library.binaryEvent({ id: binary, type: "binary", data: bytes, metadata: bytes }),
      library.jsonEvent({ id: bare, type: "bare", data: {} }),
    ], NO_STREAM);
    const [first, second, third] = (await collect(on.client.readStream(stream))).map(({ event }) => event);
    assert.deepEqual([first.id, first.type, first.isJson, first.data, first.metadata, first.streamId],
      [json, "json", true, { text: "grüße", n: 1 }, { by: "me" }, stream]);
    assert.deepEqual([second.id, second.type, second.isJson], [binary, "binary", false]);
    assert.deepEqual([...second.data], [...bytes]);
    assert.deepEqual([...second.metadata], [...bytes]);
    assert.deepEqual([third.id, third.data, third.metadata], [bare, {}, undefined]);
    for (const { created } of [first, second, third]) {
      const age = Date.now() - new Date(created).getTime();
      assert.ok(age > -1000 && age < 60_000, `created ${age} ms ago`);
    }
  });

  test("stream names may have any letters", async () => {
    for (const name of ["with space", "ünïcødé/日本", "a@b", "-", "$system"]) {
      const stream = `${newStream()} ${name}`;
      await append(stream, event(library), NO_STREAM);
      const [found] = await collect(on.client.readStream(stream));
      assert.equal(found.event.streamId, stream);
      const error = await refused(append(stream, event(library), NO_STREAM), WrongExpectedVersionError);
      assert.equal(error.streamName, stream);
    }
  });

  test("an append of nothing succeeds", async () => {
    const answer = await append(newStream(), [], ANY);
    assert.equal(answer.success, true);
  });

  test("more than a mebibyte of data is refused, and nothing is written", async () => {
    const stream = newStream();
    const large = library.binaryEvent({ type: "large", data: new Uint8Array(600_000) });
    await refused(append(stream, [large, large], ANY), on.MaxAppendSizeExceededError, { maxAppendSize: 1024 * 1024 });
    await refused(collect(on.client.readStream(stream)), on.StreamNotFoundError);
    await append(stream, large, NO_STREAM);
  });

  test("an append in many chunks is one write", async () => {
    const stream = newStream();
    const many = events(library, 300);
    const answer = await append(stream, many, NO_STREAM, { batchAppendSize: 1000 });
    assert.equal(answer.nextExpectedRevision, 299n);
    const found = await collect(on.client.readStream(stream));
    assert.deepEqual(eventIDs(found), many.map(({ id }) => id));
    const log = await collect(on.client.readAll({ fromPosition: found[0].event.position, maxCount: 300 }));
    assert.deepEqual(eventIDs(log), eventIDs(found), "nothing may lie between");
  });

  test("credentials are no obstacle where no one asks for them", async () => {
    const credentials = { username: "admin", password: "wrong" };
    const stream = newStream();
    const answer = await append(stream, event(library), NO_STREAM, { credentials });
    assert.equal(answer.nextExpectedRevision, 0n);
    await refused(append(stream, event(library), NO_STREAM, { credentials }), WrongExpectedVersionError, { streamName: stream });
    assert.equal((await collect(on.client.readStream(stream, { credentials }))).length, 1);
  });

  test("of many who create a stream at once, one does", async () => {
    const stream = newStream();
    const attempts = await Promise.allSettled(events(library, 50).map((one) => append(stream, one, NO_STREAM)));
    assert.equal(attempts.filter(({ status }) => status === "fulfilled").length, 1);
    for (const { reason } of attempts.filter(({ status }) => status === "rejected")) {
      assert.ok(reason instanceof WrongExpectedVersionError, reason.stack);
    }
    assert.equal((await collect(on.client.readStream(stream))).length, 1);
  });

  test("appends in flight at once are answered each with its own", async () => {
    const streams = Array.from({ length: 100 }, (_, i) => ({ name: newStream(), size: 1 + (i % 7) }));
    await Promise.all(streams.map(async ({ name, size }) => {
      const answer = await append(name, events(library, size), NO_STREAM);
      assert.equal(answer.nextExpectedRevision, BigInt(size - 1));
      const found = await collect(on.client.readStream(name));
      assert.equal(found.length, size);
      assert.deepEqual(found.at(-1).event.position, answer.position);
    }));
  });
});
