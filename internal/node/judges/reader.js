// Prints the whole log as the library of this process reads it, and then as a subscription brings it: one JSON object
// an event, in the form of the witness. Its argument is the node's address.
import { library } from "./libraries.js";

const client = library.connect({ address: process.argv[2] });

const print = ({ event }) => console.log(JSON.stringify({
  id: event.id, type: event.type, stream: event.streamId, revision: String(event.revision),
  commit: String(event.position.commit), prepare: String(event.position.prepare), json: event.isJson,
  data: event.isJson ? event.data : Buffer.from(event.data).toString("base64"),
}));

let count = 0;
for await (const one of client.readAll()) {
  print(one);
  count++;
}
const subscription = client.subscribeToAll();
for await (const one of subscription) {
  print(one);
  if (--count === 0) break;
}
await subscription.unsubscribe();
await client.dispose();
