import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { capability } from '../../adapters/linux/credentials.js';
import { type AgentProcess, startAgentProcess } from '../lab/agent-process.js';
import { checkoutDirectory } from '../lab/paths.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { AgentTree, until } from './takeover/support/agent-tree.js';

/** What this machine's root has at most: in a container it is not all. */
const own = BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(statusOf('self'))?.[1] ?? '0'}`);

const mask = (...numbers: number[]): string => {
  const set = numbers.reduce((sum, number) => sum | (1n << BigInt(number)), 0n);
  return (set & own).toString(16).padStart(16, '0');
};

const none = mask();
const supervisorCaps = mask(
  capability.DAC_READ_SEARCH,
  capability.SETGID,
  capability.SETUID,
  capability.SYS_PTRACE,
);
const injectorCaps = mask(capability.DAC_READ_SEARCH, capability.SYS_PTRACE, capability.SYS_ADMIN);
const injectorStartCaps = mask(
  capability.DAC_READ_SEARCH,
  capability.SYS_PTRACE,
  capability.SYS_ADMIN,
  capability.SYS_RESOURCE,
);

interface Privileges {
  readonly thread: string;
  readonly sets: Record<'CapInh' | 'CapPrm' | 'CapEff' | 'CapBnd' | 'CapAmb', string>;
  readonly noNewPrivileges: string;
  readonly filters: number;
}

function statusOf(task: string): string {
  return existsSync('/proc/self/status') ? readFileSync(`/proc/${task}/status`, 'latin1') : '';
}

/** What each thread of a process may. */
function threadsOf(pid: number): Privileges[] {
  return readdirSync(`/proc/${pid}/task`).map((task) => {
    const status = statusOf(`${pid}/task/${task}`);
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
    const [CapInh, CapPrm, CapEff, CapBnd, CapAmb] = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(
      field,
    ) as [string, string, string, string, string];
    return {
      thread: task === `${pid}` ? 'first' : field('Name'),
      sets: { CapInh, CapPrm, CapEff, CapBnd, CapAmb },
      noNewPrivileges: field('NoNewPrivs'),
      filters: Number(field('Seccomp_filters')),
    };
  });
}

describeWhen(missingForKernel(), 'the privileges of each process', () => {
  let agent: AgentProcess;
  let tree: AgentTree;
  beforeAll(async () => {
    agent = await startAgentProcess();
    tree = new AgentTree(agent);
    await tree.hasStandby();
    await until(() => tree.active > 0, 'an active supervisor');
  }, 60_000);
  afterAll(() => agent.stop());

  test('a supervisor, in every thread: four capabilities in the bounding set, no_new_privs, a filter', () => {
    for (const pid of tree.supervisors) {
      const threads = threadsOf(pid);
      // Node's own threads are among them, which were there before any code of ours.
      expect(threads.length).toBeGreaterThan(6);
      for (const { sets, noNewPrivileges, filters } of threads) {
        expect(sets).toEqual({
          CapInh: none,
          CapPrm: supervisorCaps,
          CapEff: supervisorCaps,
          CapBnd: supervisorCaps,
          CapAmb: none,
        });
        expect(noNewPrivileges).toBe('1');
        expect(filters).toBeGreaterThanOrEqual(1);
      }
      // A loop has one more.
      expect(threads.filter(({ filters }) => filters === 2)).toHaveLength(1);
    }
    expect(tree.supervisors).toHaveLength(2);
  });

  test('the injector: what tracing takes, no_new_privs, and no filter', () => {
    const threads = threadsOf(tree.injector);
    for (const { sets, noNewPrivileges, filters } of threads) {
      expect(sets).toMatchObject({ CapInh: none, CapBnd: injectorStartCaps, CapAmb: none });
      expect(noNewPrivileges).toBe('1');
      // PTRACE_O_SUSPEND_SECCOMP is for tracers without one (ptrace(2)).
      expect(filters).toBe(0);
    }
    const first = threads.find(({ thread }) => thread === 'first');
    expect(first?.sets).toMatchObject({ CapPrm: injectorCaps, CapEff: injectorCaps });
  });
});

/** Calls that are tried, each natively allowed to root or failing otherwise, and what came of them. */
function tried(whom: 'filterProcess' | 'filterLoop' | 'none'): Record<string, unknown> {
  const module = (path: string): string => join(checkoutDirectory(), 'dist/adapters', path);
  const script = `
    import { systemCall } from '${module('linux/native.js')}';
    import * as filters from '${module('supervisor/own-filter.js')}';
    import { spawnSync } from 'node:child_process';
    import { Worker } from 'node:worker_threads';
    systemCall('prctl', 38, 1, 0, 0, 0);
    const installed = '${whom}' === 'none' ? 0 : filters['${whom}']();
    const seen = { installed };
    for (const name of ['mount', 'setns', 'io_uring_setup', 'chroot', 'ptrace', 'socket', 'unshare'])
      seen[name] = systemCall(name, ...(name === 'socket' ? [1, 1, 0] : [-1, -1, -1, -1, -1]));
    seen.spawn = spawnSync('true').status ?? 'not started';
    await new Promise((resolve) => {
      const worker = new Worker('0', { eval: true });
      worker.once('exit', (code) => resolve((seen.worker = code)));
    });
    console.log(JSON.stringify(seen));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describeWhen(missingForKernel(), "deputy's own filters", () => {
  test('refuse a supervisor what it never does, and let it start processes and threads', () => {
    const seen = tried('filterProcess');
    expect(seen).toMatchObject({ installed: 0, spawn: 0, worker: 0 });
    expect(seen).toMatchObject({ mount: -1, setns: -1, io_uring_setup: -1, chroot: -1, unshare: -1 });
    // Without it they get as far as the kernel's own checks.
    const without = tried('none');
    for (const name of ['mount', 'setns', 'io_uring_setup', 'chroot'])
      expect(without[name], name).not.toBe(-1);
    expect(without).toMatchObject({ spawn: 0, worker: 0 });
  });

  test('refuse a loop to start, to trace and to connect', () => {
    const seen = tried('filterLoop');
    expect(seen).toMatchObject({ installed: 0, ptrace: -1, socket: -1, spawn: 'not started' });
    expect(tried('none')['socket']).toBeGreaterThan(0);
  });
});
