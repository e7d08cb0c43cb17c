import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild, within } from './child.js';
import { guestMarker, writeInitramfs } from './initramfs.js';
import { labDirectory } from './paths.js';
import { parseWorkload, type WorkloadResult } from './workload-result.js';

export interface GuestOptions {
  /** virtiofsd's vhost-user socket. */
  readonly socketPath: string;
  /** A POSIX sh script that busybox runs in the mounted share. */
  readonly workload: string;
  /** For the initramfs and the serial log; the caller removes it. */
  readonly directory: string;
  /** Tells apart several guests with one directory. */
  readonly name?: string;
  readonly deadlineMs?: number;
  readonly onLine?: (line: string) => void;
}

export interface GuestResult extends WorkloadResult {
  readonly lines: readonly string[];
  readonly serialLog: string;
  readonly mounted: boolean;
  /** The workload's exit status; undefined when the guest didn't get that far. */
  readonly status: number | undefined;
  readonly timedOut: boolean;
  readonly seconds: number;
  readonly qemuErrors: readonly string[];
}

const deadlineMsDefault = 120_000;
const memoryMebibytes = 256;
const tag = 'share';

function qemuArguments(options: GuestOptions, initramfs: string): string[] {
  return [
    ...['-accel', 'tcg', '-m', String(memoryMebibytes), '-nodefaults', '-no-user-config', '-no-reboot'],
    // vhost-user needs memory that both processes share.
    ...[
      '-object',
      `memory-backend-memfd,id=mem,size=${memoryMebibytes}M,share=on`,
      '-numa',
      'node,memdev=mem',
    ],
    ...['-chardev', `socket,id=c0,path=${options.socketPath}`],
    ...['-device', `vhost-user-fs-pci,chardev=c0,tag=${tag}`],
    ...['-kernel', join(labDirectory(), 'guest', 'vmlinuz'), '-initrd', initramfs],
    ...['-append', 'console=ttyS0 quiet panic=1', '-display', 'none', '-monitor', 'none', '-serial', 'stdio'],
  ];
}

/** Kills a guest at the deadline, and when this process dies without having had the time to. */
async function waitForEnd(qemu: Child, deadlineMs: number): Promise<boolean> {
  if ((await within(deadlineMs, qemu.exited)) !== undefined) return false;
  qemu.process.kill('SIGKILL');
  await qemu.exited;
  return true;
}

/** Boots a guest on a vhost-user socket, runs the workload, and resolves when the guest powered off. */
export async function bootGuest(options: GuestOptions): Promise<GuestResult> {
  const name = options.name ?? 'guest';
  const initramfs = join(options.directory, `${name}.cpio`);
  const serialLog = join(options.directory, `${name}.serial.log`);
  writeInitramfs(initramfs, options.workload, tag);
  writeFileSync(serialLog, '');
  const lines: string[] = [];
  const startedMs = Date.now();
  // setpriv: the guest goes with this process even when that is killed by SIGKILL.
  const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(options, initramfs)];
  const qemu = startChild('setpriv', command, {
    onLine(line, stream) {
      if (stream === 'stderr') return;
      appendFileSync(serialLog, `${line}\n`);
      lines.push(line);
      options.onLine?.(line);
    },
  });
  const timedOut = await waitForEnd(qemu, options.deadlineMs ?? deadlineMsDefault);
  const finished = lines
    .map((line) => line.match(`${guestMarker} finished (\\d+)`)?.[1])
    .find((code) => code);
  return {
    ...parseWorkload(lines),
    lines,
    serialLog,
    mounted: lines.some((line) => line.includes(`${guestMarker} mounted`)),
    status: finished === undefined ? undefined : Number(finished),
    timedOut,
    seconds: (Date.now() - startedMs) / 1000,
    qemuErrors: [...qemu.stderr, ...(qemu.spawnError() ? [String(qemu.spawnError())] : [])],
  };
}
