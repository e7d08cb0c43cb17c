import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A cgroup that can be frozen. */
export interface Freezer {
  add(processId: number): void;
  /** Words in front of a command that starts in it. */
  readonly enter: readonly string[];
  isEmpty(): boolean;
  freeze(): void;
  thaw(): void;
  /** Does the kernel say that all in it are frozen? Waits a moment for that. */
  isFrozen(): Promise<boolean>;
  remove(): void;
}

/** Where a hierarchy is mounted (cgroups(7)), or undefined. */
function mountOf(pattern: RegExp): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return pattern.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
}

/** The freezers of this machine: cgroup v2's, and v1's where it is mounted. */
export const freezers = {
  v2: mountOf(/^\S+ (\S+) cgroup2 /m),
  v1: mountOf(/^\S+ (\S+) cgroup \S*\bfreezer\b/m),
} as const;

/** Makes a cgroup below the mount of one of them. */
export function makeFreezer(kind: keyof typeof freezers, name = ''): Freezer {
  const group = join(freezers[kind] as string, `deputy-test-${process.pid}${name}`);
  if (!existsSync(group)) mkdirSync(group);
  const write = (name: string, value: string): void => writeFileSync(join(group, name), value);
  const isV2 = kind === 'v2';
  const looksFrozen = (): boolean => {
    const text = readFileSync(join(group, isV2 ? 'cgroup.events' : 'freezer.state'), 'utf8');
    return isV2 ? /^frozen 1$/m.test(text) : text.trim() === 'FROZEN';
  };
  return {
    add: (processId) => write('cgroup.procs', String(processId)),
    enter: ['sh', '-c', `echo $$ > ${join(group, 'cgroup.procs')}; exec "$@"`, 'sh'],
    isEmpty: () => readFileSync(join(group, 'cgroup.procs'), 'utf8') === '',
    freeze: () => (isV2 ? write('cgroup.freeze', '1') : write('freezer.state', 'FROZEN')),
    thaw: () => (isV2 ? write('cgroup.freeze', '0') : write('freezer.state', 'THAWED')),
    isFrozen: async () => {
      for (let tries = 0; tries < 100 && !looksFrozen(); tries++) await setTimeout(10);
      return looksFrozen();
    },
    remove: () => rmdirSync(group),
  };
}
