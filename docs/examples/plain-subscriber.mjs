// A consumer that uses nothing but the package `nats`: what deputy publishes, as it stands on the wire.
// node docs/examples/plain-subscriber.mjs [URL] [STREAM] [COUNT]
import { connect } from 'nats';

const [url = 'nats://127.0.0.1:4222', stream = 'deputy-node-1', count = '10'] = process.argv.slice(2);
const connection = await connect({ servers: url });
const consumer = await connection.jetstream().consumers.get(stream);
let left = Number(count);
for await (const message of await consumer.consume()) {
  // CloudEvents in NATS's binary mode: attributes are headers (lower case), the payload is JSON.
  const { headers } = message;
  const id = decodeURIComponent(headers.get('ce-id'));
  const event = message.json();
  console.log(
    message.seq,
    headers.get('ce-specversion'),
    headers.get('ce-type'),
    id,
    event.tenant,
    event.time,
  );
  if (--left === 0) break;
}
await connection.close();
