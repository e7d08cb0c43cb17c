import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { mayConfineChildren } from '../host/confined-command.js';
import { namespaceIdentity } from '../linux/namespaces.js';
import { type Diagnosis, diagnosis } from './diagnosis.js';

const commandTimeoutMs = 5_000;
/** PROC_PID_INIT_INO of linux/proc_ns.h. */
const initialPidNamespace = 0xeffffffcn;

/** Node, kernel, user, cgroups, runtimes: what the machine is. */
export function checkMachine(): Diagnosis[] {
  return [
    checkNode(),
    checkUser(),
    checkConfinement(),
    checkProc(),
    checkPidNamespace(),
    checkCgroups(),
    ...checkRuntimes(),
    checkNatsServer(),
  ];
}

function checkNode(): Diagnosis {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 15);
  const detail = `Node ${process.versions.node} on Linux ${release()}, ${process.arch}`;
  return diagnosis('machine', 'node', ok, detail, 'Install Node 20.15 or newer.');
}

function checkUser(): Diagnosis {
  const uid = process.getuid?.() ?? -1;
  const remedy = 'Run the agent as root; containers stay unprivileged.';
  return diagnosis('machine', 'root', uid === 0, `uid ${uid}`, remedy);
}

/** Can supervisors and injector be started with the few capabilities that they need? */
function checkConfinement(): Diagnosis {
  const ok = mayConfineChildren();
  const detail = ok ? 'processes start with what they need' : 'processes start with all that deputy has';
  const remedy = "Install util-linux's setpriv, and run as root with CAP_SETPCAP.";
  return diagnosis('machine', 'least privilege', ok, detail, remedy, true);
}

function checkProc(): Diagnosis {
  const line = readText('/proc/self/mounts')
    .split('\n')
    .find((one) => one.includes(' /proc proc '));
  const hidden = line !== undefined && /hidepid=(?!0|off)/.test(line);
  const there = hidden ? '/proc hides processes' : '/proc is there';
  const detail = line === undefined ? 'no proc file system on /proc' : there;
  return diagnosis('machine', 'proc', line !== undefined, detail, 'Mount proc on /proc.');
}

/** A caller outside of deputy's pid namespace has thread id 0 in its notifications (seccomp_unotify(2)). */
function checkPidNamespace(): Diagnosis {
  const isInitial = namespaceIdentity('self', 'pid') === initialPidNamespace;
  const detail = isInitial ? 'the initial one: every target is visible' : 'not the initial one';
  const remedy =
    'Run the agent in the initial pid namespace (hostPID): targets elsewhere are refused, since they are ' +
    'not visible.';
  return diagnosis('machine', 'pid namespace', isInitial, detail, remedy, true);
}

function checkCgroups(): Diagnosis {
  const pure = existsSync('/sys/fs/cgroup/cgroup.controllers');
  const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.controllers');
  const detail = pure ? 'cgroup v2' : hybrid ? 'v1 controllers beside cgroup2 (hybrid)' : 'cgroup v1 or none';
  const remedy =
    'crun refuses hybrid mode: boot with systemd.unified_cgroup_hierarchy=1, or run it in a private ' +
    'mount namespace with cgroup2 on /sys/fs/cgroup.';
  return diagnosis('machine', 'cgroups', pure, detail, remedy, true);
}

function checkRuntimes(): Diagnosis[] {
  return ['crun', 'runc'].map((name) => {
    const path = findCommand(name);
    const remedy = `Install ${name} (a Debian package) to run containers with it.`;
    if (path === undefined) return diagnosis('machine', name, false, 'not found', remedy, true);
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: commandTimeoutMs });
    return diagnosis('machine', name, true, (stdout ?? '').split('\n')[0] ?? path, undefined, true);
  });
}

function checkNatsServer(): Diagnosis {
  const path = findCommand('nats-server');
  const detail = path ?? 'not found; the file store needs none';
  return diagnosis(
    'machine',
    'nats-server',
    path !== undefined,
    detail,
    'Only needed for events on NATS.',
    true,
  );
}

/** Where a command is, also in root's usual folders. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => path.startsWith('/') && existsSync(path));
}

/** A small file's text; empty when it can't be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
