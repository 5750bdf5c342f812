// Retries. A sequence is written as in EventStoreDB's own tests: "[0 1]em1" appends the events 0 and 1 at no stream,
// "2e1" event 2 at revision 1. Every answer and the final content are those of a real EventStoreDB 23.10.8.
import { assert, collect, event, eventIDs, ids, judge, newStream, persist, refused, revisions, test } from "./kit.js";

const six = "0em1 1e0 2e1 3e2 4e3 5e4";
const sequences = [
  // appends, what each answers (a revision, or "wrong"), what the stream then holds
  [`${six} 0em1`, [0, 1, 2, 3, 4, 5, 0], [0, 1, 2, 3, 4, 5]],
  [`${six} 0any`, [0, 1, 2, 3, 4, 5, 0], [0, 1, 2, 3, 4, 5]],
  [`${six} 0e5`, [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 0]],
  [`${six} 0e6`, [0, 1, 2, 3, 4, 5, "wrong"], [0, 1, 2, 3, 4, 5]],
  [`${six} 0e4`, [0, 1, 2, 3, 4, 5, "wrong"], [0, 1, 2, 3, 4, 5]],
  ["0em1 0e0", [0, 1], [0, 0]],
  ["0em1 0any", [0, 0], [0]],
  ["0em1 0em1", [0, 0], [0]],
  ["0em1 1e0 2e1 1any 1any", [0, 1, 2, 1, 1], [0, 1, 2]],
  ["[0 1]em1 0em1", [1, 0], [0, 1]],
  ["[0 1]em1 0any", [1, 0], [0, 1]],
  ["[0 1]em1 1e0", [1, 1], [0, 1]],
  ["[0 1]em1 1any", [1, 1], [0, 1]],
  ["[0 1]em1 [0 1 2]em1", [1, "wrong"], [0, 1]],
  ["[0 1]em1 [0 2]em1", [1, "wrong"], [0, 1]],
  ["[0 1]any [0 1]any", [1, 1], [0, 1]],
  ["0any [0 1]any", [0, "wrong"], [0]],
  ["0exists 0em1 0exists", ["wrong", 0, 0], [0]],
];

const step = /(?:\[([\d ]+)\]|(\d))(em1|e\d|any|exists)/g;
const parse = (sequence) => Array.from(sequence.matchAll(step), ([, many, one, expected]) => ({
  numbers: (many ?? one).split(" ").map(Number), expected,
}));

judge((on) => {
  const { ANY, NO_STREAM, STREAM_EXISTS, WrongExpectedVersionError, library } = on;
  const append = (stream, what, expected) => on.client.appendToStream(stream, what, on.expecting(expected));
  const expectation = (text) =>
    ({ em1: NO_STREAM, any: ANY, exists: STREAM_EXISTS })[text] ?? BigInt(text.slice(1));

  for (const [sequence, answers, holds] of sequences) {
    test(sequence, async () => {
      const stream = newStream();
      const known = ids(6);
      for (const [i, { numbers, expected }] of parse(sequence).entries()) {
        const attempt = append(stream, numbers.map((n) => event(library, known[n])), expectation(expected));
        if (answers[i] === "wrong") {
          await refused(attempt, WrongExpectedVersionError, { streamName: stream });
        } else {
          const { nextExpectedRevision, position } = await attempt;
          assert.equal(nextExpectedRevision, BigInt(answers[i]));
          const found = await collect(on.client.readStream(stream));
          assert.deepEqual(found[answers[i]].event.position, position, `the position of ${i}`);
        }
      }
      const found = await collect(on.client.readStream(stream));
      assert.deepEqual(eventIDs(found), holds.map((n) => known[n]));
    });
  }

  test("an id known in another stream does not count", async () => {
    const [a, b] = [newStream("a"), newStream("b")];
    const one = event(library);
    const first = await append(a, one, NO_STREAM);
    const second = await append(b, one, NO_STREAM);
    assert.deepEqual(await append(b, one, NO_STREAM), second);
    assert.equal((await append(b, one, ANY)).nextExpectedRevision, 1n);
    assert.deepEqual(await append(a, one, ANY), first);
    assert.deepEqual(revisions(await collect(on.client.readStream(a))), [0]);
    assert.deepEqual(revisions(await collect(on.client.readStream(b))), [0, 1]);
  });

  test("the same id with other content counts, and the first content stands", async () => {
    const stream = newStream();
    const [id] = ids(1);
    const first = await append(stream, event(library, id, { n: 1 }), NO_STREAM);
    assert.deepEqual(await append(stream, event(library, id, { n: 2 }), NO_STREAM), first);
    assert.deepEqual(await append(stream, event(library, id, { n: 3 }), ANY), first);
    const found = await collect(on.client.readStream(stream));
    assert.deepEqual(found.map(({ event }) => event.data), [{ n: 1 }]);
  });

  test("a retry of what was truncated meanwhile succeeds without a position", async () => {
    const stream = newStream();
    const [first, second, third] = ids(3).map((id) => event(library, id));
    await append(stream, first, NO_STREAM);
    await append(stream, second, 0n);
    await append(stream, third, 1n);
    await on.client.setStreamMetadata(stream, { truncateBefore: 2 });
    for (const [what, expected, revision] of [[first, NO_STREAM, 0n], [second, 0n, 1n], [first, ANY, 0n]]) {
      const answer = await append(stream, what, expected);
      assert.deepEqual([answer.success, answer.nextExpectedRevision, answer.position], [true, revision, undefined]);
    }
    await refused(append(stream, event(library), NO_STREAM), WrongExpectedVersionError);
    await refused(append(stream, event(library), 0n), WrongExpectedVersionError);
    assert.deepEqual(revisions(await collect(on.client.readStream(stream))), [2]);
  });

  test("two retries that race write nothing", async () => {
    const stream = newStream();
    const one = event(library);
    const answers = await Promise.all(Array.from({ length: 20 }, () => append(stream, one, NO_STREAM)));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal((await collect(on.client.readStream(stream))).length, 1);
  });

  test("a retry at no stream or a revision is recognised after a restart", async () => {
    const stream = newStream();
    const [first, second] = ids(2).map((id) => event(library, id));
    const created = await append(stream, first, NO_STREAM);
    const changed = await append(stream, second, 0n);
    await on.server.restart();
    assert.deepEqual(await persist(on, () => append(stream, first, NO_STREAM)), created);
    assert.deepEqual(await persist(on, () => append(stream, second, 0n)), changed);
    assert.deepEqual(revisions(await persist(on, () => collect(on.client.readStream(stream)))), [0, 1]);
  });

  test("appends repeated after a kill are there once", async () => {
    const appends = ids(200).map((id) => ({ stream: newStream(), one: event(library, id) }));
    let answered = 0;
    const write = ({ stream, one }) => persist(on, () => append(stream, one, NO_STREAM)).then(() => answered++);
    const written = Promise.all(appends.map(write)); // without an answer, each begins anew
    while (answered < 20) await new Promise(setImmediate);
    await on.server.restart("SIGKILL");
    await written;
    for (const { stream, one } of appends) {
      assert.deepEqual(eventIDs(await persist(on, () => collect(on.client.readStream(stream)))), [one.id]);
    }
  });
});
