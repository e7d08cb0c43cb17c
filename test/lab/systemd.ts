import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Child, sleep, startChild } from './child.js';
import { cgroupMount, makeLabCgroup, removeLabCgroup } from './lab-cgroup.js';
import { checkoutDirectory, findCommand } from './paths.js';
import { writeStockUnits } from './systemd-units.js';

const systemdProgram = '/lib/systemd/systemd';
const bootTimeoutMs = 30_000;
const commandTimeoutMs = 60_000;
const namespaces = ['--cgroup', '--pid', '--mount', '--uts', '--ipc', '--net'];

/** What of this machine is missing for a systemd of its own; empty when all is there. */
export function missingForSystemd(): readonly string[] {
  if (process.platform !== 'linux') return ['Linux'];
  const remedy = 'remedy: node test/setup/prepare.mjs --packages';
  return [
    ...(process.getuid?.() === 0 ? [] : ['root']),
    ...(existsSync(systemdProgram) ? [] : [`systemd: ${remedy}`]),
    ...['systemctl', 'journalctl', 'unshare', 'nsenter', 'setpriv']
      .filter((name) => findCommand(name) === undefined)
      .map((name) => `${name}: ${remedy}`),
    ...(cgroupMount() === undefined ? ['a mounted cgroup2 file system'] : []),
  ];
}

/** A real systemd, the first process of its own namespaces, with its own /run, /var, /tmp, /dev and cgroups. */
export interface SystemdLab {
  /** systemd's process id as this process sees it. */
  readonly pid: number;
  /** A folder that has the same path inside and outside. */
  readonly directory: string;
  /** Puts a file into /etc/systemd/system, drop-ins too; daemon-reload is the caller's. */
  installUnit(name: string, text: string): void;
  /** Makes a command of this name, an absolute line of shell, that units find without a path. */
  installCommand(name: string, line: string): void;
  /** Runs a program inside, as root and outside of all units. */
  run(program: string, words?: readonly string[]): { status: number | null; stdout: string; stderr: string };
  /** The words that run a program inside, as root and outside of all units. */
  command(program: string, words?: readonly string[]): readonly [string, ...string[]];
  /** Starts a program inside, as root and outside of all units. */
  start(program: string, words?: readonly string[]): Child;
  /** Runs systemctl inside: its output. Throws when it fails. */
  systemctl(...words: readonly string[]): string;
  /** One property of a unit, as `systemctl show` gives it. */
  property(unit: string, name: string): string;
  /** Lines that a unit and systemd wrote about it. */
  journal(unit: string): string;
  /** Kills all of it and removes what it left: cgroups, folder. */
  stop(): Promise<void>;
}

/** Boots a systemd and waits until it runs. Only one of the caller's own should run at a time: it is not small. */
export async function startSystemd(): Promise<SystemdLab> {
  const base = mkdtempSync(join(tmpdir(), 'deputy-systemd-'));
  chmodSync(base, 0o755);
  const folder = (name: string): string => {
    mkdirSync(join(base, name));
    return join(base, name);
  };
  const [units, programs, directory] = [folder('units'), folder('programs'), folder('shared')];
  writeStockUnits(units);
  const cgroup = makeLabCgroup();
  const boot = join(checkoutDirectory(), 'test/lab/systemd-boot.sh');
  const kept = [directory, checkoutDirectory(), dirname(process.execPath)];
  const child = startChild('sh', [
    '-c',
    `echo $$ > '${cgroup}/cgroup.procs' && exec "$@"`,
    'sh',
    // Not even SIGKILL of this process leaves a systemd behind.
    ...['setpriv', '--pdeathsig=KILL', 'unshare', ...namespaces, '--fork', '--kill-child=SIGKILL'],
    ...['--mount-proc', 'sh', boot, units, programs, ...kept],
  ]);
  const stop = async (): Promise<void> => {
    // The kernel kills whatever runs in the namespace together with its first process, for which unshare(1) waits.
    const first = firstChildOf(child.process.pid as number);
    if (first === undefined) child.process.kill('SIGKILL');
    else process.kill(first, 'SIGKILL');
    await child.exited;
    await removeLabCgroup(cgroup);
    rmSync(base, { recursive: true, force: true });
  };
  try {
    const pid = await booted(child);
    return { ...insideOf(pid, units, programs), pid, directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function booted(child: Child): Promise<number> {
  let state = '';
  for (let waitedMs = 0; waitedMs < bootTimeoutMs && child.process.exitCode === null; waitedMs += 100) {
    const pid = firstChildOf(child.process.pid as number);
    if (pid !== undefined) {
      state = enter(pid, 'systemctl', ['is-system-running']).stdout.trim();
      if (state === 'running' || state === 'degraded') return pid;
    }
    await sleep(100);
  }
  throw new Error(`systemd did not come up (${state}): ${[...child.stdout, ...child.stderr].join('\n')}`);
}

function insideOf(
  pid: number,
  units: string,
  programs: string,
): Omit<SystemdLab, 'pid' | 'directory' | 'stop'> {
  const run: SystemdLab['run'] = (program, words = []) => enter(pid, program, words);
  const output = (program: string, words: readonly string[]): string => {
    const { status, stdout, stderr } = run(program, words);
    if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${status} ${stdout}${stderr}`);
    return stdout;
  };
  return {
    run,
    command: (program, words = []) => ['nsenter', ...entering(pid, program, words)],
    start: (program, words = []) => startChild('nsenter', entering(pid, program, words)),
    installUnit(name, text) {
      mkdirSync(dirname(join(units, name)), { recursive: true });
      writeFileSync(join(units, name), text);
    },
    installCommand(name, line) {
      writeFileSync(join(programs, name), `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
      showCheckout(units, name);
    },
    systemctl: (...words) => output('systemctl', words),
    property: (unit, name) => output('systemctl', ['show', '--value', '--property', name, unit]).trim(),
    journal: (unit) => output('journalctl', ['--no-pager', '--output=cat', '--unit', unit]),
  };
}

function enter(
  pid: number,
  program: string,
  words: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  const options = { encoding: 'utf8', timeout: commandTimeoutMs, maxBuffer: 64 << 20 } as const;
  const { status, stdout, stderr } = spawnSync('nsenter', entering(pid, program, words), options);
  return { status, stdout, stderr };
}

function entering(pid: number, program: string, words: readonly string[]): string[] {
  return ['--target', `${pid}`, '--all', '--', program, ...words];
}

/** unshare(1) and nsenter(1) wait for the one process that they start; undefined before they have. */
export function firstChildOf(pid: number): number | undefined {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return pids === '' ? undefined : Number(pids.split(' ')[0]);
  } catch {
    return undefined;
  }
}

/** A service with a /tmp of its own (PrivateTmp=) sees a checkout that lies there only if it is shown to it. */
function showCheckout(units: string, service: string): void {
  const checkout = checkoutDirectory();
  if (!/^\/(tmp|var\/tmp)\//.test(checkout)) return;
  const path = join(units, `${service}.service.d`, 'checkout.conf');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `[Service]\nBindReadOnlyPaths=${checkout}\n`);
}
