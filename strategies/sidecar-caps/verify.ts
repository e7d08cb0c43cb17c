import type { BrokerPrivileges, BrokerThread } from '../../core/ports/broker.js';

const CAP_DAC_READ_SEARCH = 1n << 2n;

function threadDeviations(thread: BrokerThread, user: number): string[] {
  const found: string[] = [];
  const { permitted, effective, userIds, noNewPrivileges, filters, serves } = thread;
  const whose = serves ? 'the serving thread' : 'a thread of Node';
  // What was started as root keeps the capability in the one thread; what was started as the target, in all.
  const extra = permitted & ~CAP_DAC_READ_SEARCH;
  if (extra !== 0n) found.push(`${whose} has the capabilities ${extra.toString(16)} besides`);
  if (serves && effective !== CAP_DAC_READ_SEARCH) found.push('CAP_DAC_READ_SEARCH is not in force');
  if (!userIds.every((id) => id === user)) found.push(`${whose} has the uids ${userIds.join(' ')}`);
  if (!noNewPrivileges) found.push(`${whose} lacks no_new_privs`);
  if (filters === 0) found.push(`${whose} has no filter`);
  return found;
}

/** What of a broker's process is not as it must be before it answers anybody: a text for each, once. */
export function brokerDeviations(facts: BrokerPrivileges, user: number): string[] {
  const found = facts.threads.flatMap((thread) => threadDeviations(thread, user));
  if (!facts.threads.some(({ serves }) => serves)) found.push('no thread serves');
  if (facts.isDumpable) found.push('it is dumpable');
  return [...new Set(found)];
}
