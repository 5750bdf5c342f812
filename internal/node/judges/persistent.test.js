// Persistent subscriptions: groups that the server keeps, and what becomes of an event that is not acknowledged.
import { once } from "node:events";

import { assert, breath, event, eventIDs, events, judge, newStream, patience, persist, refused, test } from "./kit.js";

judge((on) => {
  const { START, END, NO_STREAM, PARK, RETRY, SKIP, library } = on;
  const group = "group";
  const settings = (changes = {}) => library.persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, ...changes });
  const create = (stream, changes) => on.client.createPersistentSubscriptionToStream(stream, group, settings(changes));
  const join = (stream, options) => on.client.subscribeToPersistentSubscriptionToStream(stream, group, options);
  const info = (stream) => on.client.getPersistentSubscriptionToStreamInfo(stream, group);

  async function filled(n, changes) {
    const stream = newStream();
    const written = events(library, n);
    await on.client.appendToStream(stream, written, on.expecting(NO_STREAM));
    await create(stream, changes);
    return { stream, ids: written.map(({ id }) => id) };
  }

  // take hands that many events to each, by default acknowledged, and leaves. Answers that are still on their way are
  // lost then, unless settled waits for them.
  async function take(subscription, n, each = (one) => subscription.ack(one), settled = async () => undefined) {
    const taken = [];
    for await (const one of subscription) {
      taken.push(one);
      await each(one, taken.length - 1);
      if (taken.length === n) break;
    }
    await settled();
    await subscription.unsubscribe();
    return taken;
  }

  // until waits until what the server says of a group is as wanted.
  async function until(stream, wanted) {
    const end = Date.now() + patience;
    for (;;) {
      const said = await persist(on, () => info(stream));
      if (wanted(said.stats)) return said;
      assert.ok(Date.now() < end, JSON.stringify(said, (_, v) => (typeof v === "bigint" ? String(v) : v)));
      await breath();
    }
  }

  // settled waits until the server has an answer to each event it sent.
  const settled = (stream) => () => until(stream, ({ totalInFlightMessages }) => Number(totalInFlightMessages) === 0);

  test("a group brings what is there and what comes", async () => {
    const { stream, ids } = await filled(5);
    const subscription = join(stream);
    const taking = take(subscription, 7);
    await once(subscription, "confirmation", { signal: AbortSignal.timeout(patience) });
    assert.equal(subscription.id, `${stream}::${group}`);
    const more = events(library, 2);
    await on.client.appendToStream(stream, more);
    const taken = await taking;
    assert.deepEqual(eventIDs(taken), [...ids, ...more.map(({ id }) => id)]);
    assert.ok(taken.every(({ retryCount }) => retryCount === 0));
  });

  test("a group from the end or from a revision begins there", async () => {
    const late = await filled(3, { startFrom: END });
    const one = event(library);
    await on.client.appendToStream(late.stream, one); // while nobody is there
    assert.deepEqual(eventIDs(await take(join(late.stream), 1)), [one.id]);
    const inner = await filled(3, { startFrom: 1n });
    assert.deepEqual(eventIDs(await take(join(inner.stream), 2)), inner.ids.slice(1), "the revision itself comes");
  });

  test("consumers share the events of a group", async () => {
    const { stream, ids } = await filled(0);
    const consumers = [join(stream), join(stream)];
    const seen = [[], []];
    await Promise.all(consumers.map((consumer, i) => {
      consumer.on("data", (one) => {
        seen[i].push(one.event.id);
        void consumer.ack(one);
      });
      return once(consumer, "confirmation", { signal: AbortSignal.timeout(patience) });
    }));
    for (let i = 0; i < 20; i++) {
      const one = event(library);
      ids.push(one.id);
      await on.client.appendToStream(stream, one);
    }
    await until(stream, () => seen.flat().length >= 20);
    assert.deepEqual(seen.flat().sort(), [...ids].sort());
    assert.ok(seen.every((own) => own.length > 0), "each got some");
    for (const consumer of consumers) await consumer.unsubscribe();
  });

  test("what is not acknowledged comes again, parks, or is skipped, as the consumer says", async () => {
    const { stream, ids } = await filled(4);
    const subscription = join(stream);
    const taken = await take(subscription, 5, async (one) => {
      if (one.event.id === ids[0] && one.retryCount === 0) return subscription.nack(RETRY, "again", one);
      if (one.event.id === ids[1]) return subscription.nack(SKIP, "no matter", one);
      if (one.event.id === ids[2]) return subscription.nack(PARK, "not now", one);
      return subscription.ack(one);
    }, settled(stream));
    assert.deepEqual(eventIDs(taken).sort(), [ids[0], ...ids].sort());
    assert.deepEqual(taken.filter(({ event }) => event.id === ids[0]).map(({ retryCount }) => retryCount), [0, 1]);
    await until(stream, ({ parkedMessageCount }) => Number(parkedMessageCount) === 1);

    await on.client.replayParkedMessagesToStream(stream, group);
    const [again] = await take(join(stream), 1);
    assert.deepEqual([again.event.id, again.link.streamId, again.retryCount],
      [ids[2], `$persistentsubscription-${stream}::${group}-parked`, 0]);
    await until(stream, ({ parkedMessageCount }) => Number(parkedMessageCount) === 0);
  });

  test("an event that was tried too often parks", async () => {
    const { stream, ids } = await filled(2, { maxRetryCount: 2 });
    const subscription = join(stream);
    const taken = await take(subscription, 4, (one) =>
      one.event.id === ids[0] ? subscription.nack(RETRY, "again", one) : subscription.ack(one), settled(stream));
    assert.deepEqual(taken.filter(({ event }) => event.id === ids[0]).map(({ retryCount }) => retryCount), [0, 1, 2]);
    await until(stream, ({ parkedMessageCount }) => Number(parkedMessageCount) === 1);
  });

  test("an event without an answer in time comes again", async () => {
    const { stream, ids } = await filled(1, { messageTimeout: 1000 });
    const subscription = join(stream);
    const taken = await take(subscription, 2, (one, n) => (n > 0 ? subscription.ack(one) : undefined));
    assert.deepEqual(eventIDs(taken), [ids[0], ids[0]]);
    assert.deepEqual(taken.map(({ retryCount }) => retryCount), [0, 1]);
  });

  test("a consumer that leaves gives back what it has not acknowledged", async () => {
    const { stream, ids } = await filled(3);
    await take(join(stream), 3, () => undefined);
    const taken = await take(join(stream), 3);
    assert.deepEqual(eventIDs(taken), ids);
    assert.ok(taken.every(({ retryCount }) => retryCount === 1));
  });

  test("a group goes on behind its checkpoint after a restart", async () => {
    const { stream, ids } = await filled(30, { checkPointLowerBound: 1, checkPointUpperBound: 5, checkPointAfter: 100 });
    const subscription = join(stream); // it stays, or what it acknowledged last could be lost with it
    let handled = 0;
    subscription.on("error", () => undefined);
    subscription.on("data", (one) => handled++ < 20 && void subscription.ack(one));
    await until(stream, ({ lastCheckpointedEventRevision }) => Number(lastCheckpointedEventRevision) >= 14);
    await on.server.restart();
    await persist(on, () => info(stream));
    const taken = eventIDs(await take(join(stream), 10));
    const from = ids.indexOf(taken[0]);
    assert.ok(from >= 15 && from <= 20, `went on at ${from}`);
    assert.deepEqual(taken, ids.slice(from, from + 10));
  });

  test("groups can be made, changed, seen and removed, once", async () => {
    const { stream } = await filled(1);
    const fields = { streamName: stream, groupName: group };
    await refused(create(stream), on.PersistentSubscriptionExistsError, fields);
    await on.client.updatePersistentSubscriptionToStream(stream, group, settings({ maxRetryCount: 3, messageTimeout: 5000 }));
    const said = await info(stream);
    assert.deepEqual([said.eventSource, said.groupName, said.settings.maxRetryCount, said.settings.messageTimeout, said.connections],
      [stream, group, 3, 5000, []]);
    assert.deepEqual((await on.client.listPersistentSubscriptionsToStream(stream)).map(({ groupName }) => groupName), [group]);
    assert.ok((await on.client.listAllPersistentSubscriptions()).some(({ eventSource }) => eventSource === stream));

    const subscription = join(stream);
    await once(subscription, "confirmation", { signal: AbortSignal.timeout(patience) });
    const dropped = once(subscription, "error", { signal: AbortSignal.timeout(patience) });
    await on.client.deletePersistentSubscriptionToStream(stream, group);
    const [error] = await dropped;
    assert.ok(error instanceof on.PersistentSubscriptionDroppedError, error.stack);
    for (const attempt of [
      () => on.client.deletePersistentSubscriptionToStream(stream, group), () => info(stream),
      () => on.client.updatePersistentSubscriptionToStream(stream, group, settings()),
    ]) {
      await refused(persist(on, attempt), on.PersistentSubscriptionDoesNotExistError, fields);
    }
    const [missing] = await once(join(stream), "error", { signal: AbortSignal.timeout(patience) });
    assert.ok(missing instanceof on.PersistentSubscriptionDoesNotExistError, missing.stack);
  });

  test("a group takes no more consumers than it may have", async () => {
    const { stream } = await filled(1, { maxSubscriberCount: 1 });
    const first = join(stream);
    await once(first, "confirmation", { signal: AbortSignal.timeout(patience) });
    const [error] = await once(join(stream), "error", { signal: AbortSignal.timeout(patience) });
    assert.ok(error instanceof on.PersistentSubscriptionMaximumSubscribersReachedError, error.stack);
    await first.unsubscribe();
  });

  test("a group of the log brings what its filter lets through", async () => {
    const prefix = newStream("wanted");
    const name = newStream("group");
    const filter = library.streamNameFilter({ prefixes: [prefix] });
    const all = library.persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START });
    const wanted = [];
    for (let i = 0; i < 20; i++) {
      const one = event(library);
      if (i % 2 === 0) wanted.push(one.id);
      await on.client.appendToStream(i % 2 === 0 ? `${prefix}-${i}` : newStream("other"), one);
    }
    await on.client.createPersistentSubscriptionToAll(name, all, { filter });
    const taken = await take(on.client.subscribeToPersistentSubscriptionToAll(name), wanted.length);
    assert.deepEqual(eventIDs(taken), wanted);
    await on.client.deletePersistentSubscriptionToAll(name);
  });
});
