import { readFileSync } from 'node:fs';

/** Rows of proc_pid_limits(5) and the number of each (getrlimit(2), asm-generic/resource.h). */
const resources: Readonly<Record<string, number>> = {
  'Max cpu time': 0,
  'Max file size': 1,
  'Max data size': 2,
  'Max stack size': 3,
  'Max core file size': 4,
  'Max resident set': 5,
  'Max processes': 6,
  'Max open files': 7,
  'Max locked memory': 8,
  'Max address space': 9,
  'Max file locks': 10,
  'Max pending signals': 11,
  'Max msgqueue size': 12,
  'Max nice priority': 13,
  'Max realtime priority': 14,
  'Max realtime timeout': 15,
};

/** RLIM_INFINITY. */
const unlimited = (1n << 64n) - 1n;

/** The limits in the text, as `RESOURCE:SOFT:HARD`. Pure. */
export function parseLimits(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', soft = '', hard = ''] = /^(Max .+?)\s{2,}(\S+)\s+(\S+)/.exec(line) ?? [];
    const number = resources[name];
    if (number === undefined) return [];
    const value = (word: string): bigint => (word === 'unlimited' ? unlimited : BigInt(word));
    return [`${number}:${value(soft)}:${value(hard)}`];
  });
}

export function limitsOf(processId: number): string[] {
  return parseLimits(readFileSync(`/proc/${processId}/limits`, 'latin1'));
}
