import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoText } from '../../core/errors/errno.js';
import { traceOption } from '../../core/injector/injector-kernel.js';
import { proveNotifier } from '../launcher/self-test.js';
import { capability, getCapabilities, hasCapability } from '../linux/credentials.js';
import { isSwitchedOff } from '../linux/kernel-features.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { detach, seize } from '../linux/ptrace.js';
import { uniqueMountId } from '../linux/statx.js';
import { type Diagnosis, diagnosis } from './diagnosis.js';
import { readText } from './machine-checks.js';

const strategy = 'seccomp-notify';
const O_EXCL = 0o200;

/** What the seccomp-notify strategy needs of the kernel, each tried. */
export async function checkNotifier(): Promise<Diagnosis[]> {
  const proof = await proveNotifier();
  const works = proof.obstacle === undefined;
  const remedy =
    'Linux 5.14 or newer with CONFIG_SECCOMP_FILTER, no outer filter that refuses seccomp(2), and root.';
  return [
    diagnosis(strategy, 'notifier', works, proof.obstacle ?? 'a probe child called and was answered', remedy),
    diagnosis(
      strategy,
      'ADDFD',
      proof.addsDescriptors,
      proof.addsDescriptors ? 'a probe child got a descriptor' : 'not shown',
      'Linux 5.14 or newer.',
    ),
    diagnosis(
      strategy,
      'synchronous wake-up',
      proof.synchronousWakeUp,
      proof.synchronousWakeUp ? 'taken' : 'not taken: answers cost more',
      'Linux 6.6 or newer.',
      true,
    ),
    diagnosis(
      strategy,
      'WAIT_KILLABLE_RECV',
      proof.waitKillable,
      proof.waitKillable ? 'taken' : 'not taken: signals interrupt calls that are being answered',
      'Linux 5.19 or newer.',
      true,
    ),
    checkOpenByHandle(),
    checkTracing(),
    checkMemory(),
    checkThreadDescriptors(),
    checkUniqueMounts(),
  ];
}

/** Opens a file of its own by its handle: the capability, and a file system that has handles. */
function checkOpenByHandle(): Diagnosis {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-doctor-'));
  const path = join(directory, 'file');
  writeFileSync(path, '');
  const memory = allocate(4096);
  memory.u32[0] = 128;
  memory.putString(512, path);
  const mount = openSync(directory, 'r');
  const named = systemCall(
    'name_to_handle_at',
    -100,
    memory.address + 512,
    memory.address,
    memory.address + 1024,
    0,
  );
  const opened = named < 0 ? named : systemCall('open_by_handle_at', mount, memory.address, 0o2000000);
  if (opened >= 0) systemCall('close', opened);
  closeSync(mount);
  rmSync(directory, { recursive: true });
  const detail =
    opened >= 0 ? 'opened a file by its handle' : `${named < 0 ? 'name' : 'open'}: ${errnoText(-opened)}`;
  const remedy = 'Run with CAP_DAC_READ_SEARCH in the initial user namespace (root, not in a container).';
  return diagnosis(strategy, 'open by handle', opened >= 0, detail, remedy);
}

/** Traces a child of its own as the injector would, with its filters suspended. */
function checkTracing(): Diagnosis {
  const child = spawn('sleep', ['5'], { stdio: 'ignore' });
  const name = 'exact O_PATH';
  if (child.pid === undefined)
    return diagnosis(strategy, name, false, 'no child could be started', undefined, true);
  const suspended = seize(child.pid, traceOption.SUSPEND_SECCOMP);
  const plain = suspended === 0 ? 0 : seize(child.pid, 0);
  detach(child.pid, 0);
  child.kill('SIGKILL');
  const scope = readText('/proc/sys/kernel/yama/ptrace_scope').trim();
  const yama = scope === '' || scope === '0' ? '' : `; Yama ptrace_scope is ${scope}`;
  const remedy =
    'Run with CAP_SYS_PTRACE and CAP_SYS_ADMIN; filters can be suspended only by a tracer without one.';
  if (suspended === 0) return diagnosis(strategy, name, true, `a child was traced, filters suspended${yama}`);
  const detail = plain === 0 ? 'tracing works, suspending filters does not' : `ptrace: ${errnoText(-plain)}`;
  return diagnosis(strategy, name, false, detail + yama, remedy, true);
}

function checkMemory(): Diagnosis {
  const memory = allocate(4096);
  memory.u64[0] = BigInt(memory.address + 1024);
  memory.u64[1] = 8n;
  memory.u64[2] = BigInt(memory.address + 2048);
  memory.u64[3] = 8n;
  const { address } = memory;
  const count = systemCall('process_vm_readv', process.pid, address, 1, address + 16, 1, 0);
  const detail =
    count === 8 ? 'process_vm_readv works' : `process_vm_readv: ${errnoText(-count)}; /proc is used`;
  return diagnosis(
    strategy,
    'target memory',
    count === 8,
    detail,
    'CONFIG_CROSS_MEMORY_ATTACH is faster.',
    true,
  );
}

function checkThreadDescriptors(): Diagnosis {
  const isOff = isSwitchedOff('PIDFD_THREAD');
  const descriptor = isOff ? -1 : systemCall('pidfd_open', systemCall('gettid'), O_EXCL);
  if (descriptor >= 0) systemCall('close', descriptor);
  const detail = descriptor >= 0 ? 'PIDFD_THREAD works' : 'no PIDFD_THREAD; /proc/TID is used instead';
  return diagnosis(strategy, 'thread descriptors', descriptor >= 0, detail, 'Linux 6.9 or newer.', true);
}

function checkUniqueMounts(): Diagnosis {
  const directory = openSync('/', 'r');
  const id = uniqueMountId(directory);
  closeSync(directory);
  const ok = typeof id === 'bigint';
  const detail = ok
    ? 'mounts have unique ids'
    : 'no unique ids; a mount is held open while its id is relied on';
  return diagnosis(strategy, 'unique mount ids', ok, detail, 'Linux 6.8 or newer.', true);
}

/** What the other strategies will ask of this machine. */
export function checkOtherStrategies(): Diagnosis[] {
  const held = getCapabilities();
  const has = (number: number): boolean => typeof held !== 'number' && hasCapability(held.effective, number);
  const joins = has(capability.SYS_ADMIN) && has(capability.SYS_CHROOT);
  const becomes = has(capability.SETUID) && has(capability.SETGID) && has(capability.DAC_READ_SEARCH);
  const unshared = spawnSync('unshare', ['-Ur', 'true'], { timeout: 5_000 }).status === 0;
  return [
    diagnosis(
      'dispatcher',
      'joining namespaces',
      joins,
      joins ? 'CAP_SYS_ADMIN and CAP_SYS_CHROOT are held' : 'CAP_SYS_ADMIN or CAP_SYS_CHROOT is missing',
      'Run with both; a mount namespace takes the two (setns(2)).',
    ),
    diagnosis(
      'sidecar-caps',
      'capabilities',
      becomes,
      becomes
        ? 'DAC_READ_SEARCH, SETUID and SETGID are held'
        : 'one of DAC_READ_SEARCH, SETUID, SETGID is missing',
      'Give the sidecar these three.',
    ),
    diagnosis(
      'file-handle',
      'user namespaces',
      unshared,
      unshared ? 'one could be made' : 'none could be made',
      'Allow user namespaces (user.max_user_namespaces).',
    ),
  ];
}
