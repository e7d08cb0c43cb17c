import { isAbsolute } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { PeerRules } from '../broker/peer.js';

/** Numbers with commas between. */
export function parseGroups(text: string): number[] {
  const groups = text.split(',').map(Number);
  // What is no number at all would be group 0.
  if (!/^\d+(,\d+)*$/.test(text) || groups.some((one) => one >= 0xffffffff)) {
    throw new InvalidArgumentError('numbers with commas between them are wanted');
  }
  return groups;
}

/** `other`, `any`, or a line of /proc/PID/cgroup. */
export function parseCgroup(text: string): PeerRules['cgroup'] {
  if (text === 'other' || text === 'any') return text;
  if (/^\d+:[^:]*:\//.test(text)) return { line: text };
  if (isAbsolute(text)) return { line: `0::${text}` };
  throw new InvalidArgumentError('other, any or a line of /proc/PID/cgroup is wanted');
}
