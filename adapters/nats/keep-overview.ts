import { subjectToken } from '../../core/events/subject.js';
import type { OverviewView } from '../../core/projections/overview.js';
import { connectNats } from './connect.js';
import type { NatsSettings } from './settings.js';

/** Puts an overview into a key-value bucket, for others to read: a key for each delegation and tenant. */
export async function keepOverview(
  settings: NatsSettings,
  bucket: string,
  view: OverviewView,
): Promise<void> {
  const connection = await connectNats(settings, 'deputy status');
  try {
    const store = await connection.jetstream().views.kv(bucket, { history: 1 });
    const wanted = new Map<string, unknown>();
    for (const state of view.live) wanted.set(`delegation.${keyOf(state.delegationId ?? '')}`, state);
    for (const [tenant, counts] of Object.entries(view.tenants))
      wanted.set(`tenant.${keyOf(tenant)}`, counts);
    wanted.set('errors', view.lastErrors);
    wanted.set('sequence', { sequence: view.sequence, incompleteSince: view.incompleteSince ?? null });
    const stale: string[] = [];
    for await (const key of await store.keys('delegation.*')) if (!wanted.has(key)) stale.push(key);
    for (const [key, value] of wanted) await store.put(key, JSON.stringify(value));
    for (const key of stale) await store.delete(key);
  } finally {
    await connection.close();
  }
}

/** Keys of a bucket have no `%`. */
function keyOf(text: string): string {
  return subjectToken(text).replaceAll('%', '=').replaceAll('~', '=');
}
