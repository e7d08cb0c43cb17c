// Billing: every answered request of a tenant, once each, over restarts of this program.
// node docs/examples/consumer.mjs URL NODE TENANT
import { openConsumer } from 'deputy/consumer';

const [url, node, tenant] = process.argv.slice(2);
const events = await openConsumer({ url, node, tenant, type: 'request.answered', durable: 'billing' });
process.once('SIGTERM', () => void events.close());
for await (const { event, sequence, acknowledge } of events) {
  console.log(sequence, event.delegationId, event.data.syscall, event.data.latencyUs);
  await acknowledge();
}
