import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { allocate, type NativeMemory } from '../../../../adapters/linux/memory.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { scratchDirectory, targetProgram } from './build.js';

/** What the target program says at its end. */
export interface TargetReport {
  readonly right: number;
  readonly wrong: number;
  readonly first: string;
  readonly sent: number;
  readonly handled: number;
  readonly lost: number;
  readonly before: number;
  readonly after: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** A target program that has installed its filter and waits for go(). */
export interface Target {
  readonly child: ChildProcess;
  readonly processId: number;
  readonly listener: number;
  readonly mount: number;
  go(): void;
  readonly report: Promise<TargetReport | undefined>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts the target with its options (`threads`, `calls`, `killable` ...) and fetches its listener. */
export async function startTarget(options: Record<string, number>, prefix: string[] = []): Promise<Target> {
  const directory = mkdtempSync(join(scratchDirectory(), 'files-'));
  mkdirSync(directory, { recursive: true });
  const settings = Object.entries(options).map(([key, value]) => `${key}=${value}`);
  const command = [...prefix, targetProgram(), directory, ...settings];
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [first] = (await once(lines, 'line')) as [string];
  const report = once(lines, 'line').then(([line]) => JSON.parse(line as string) as TargetReport);
  const processId = child.pid as number;
  const handle = systemCall('pidfd_open', processId, 0);
  const listener = systemCall('pidfd_getfd', handle, Number(first.split(' ')[1]), 0);
  systemCall('close', handle);
  if (listener < 0) throw new Error(`pidfd_getfd: ${listener}`);
  const mount = openDirectory(directory);
  const orEnded = Promise.race([report, ended.then(() => undefined)]);
  const stdin = child.stdin as NodeJS.WritableStream;
  return { child, processId, listener, mount, go: () => stdin.write('go\n'), report: orEnded, ended };
}

/** How many descriptors a process has open. */
export function countDescriptors(processId: number): number {
  return readdirSync(`/proc/${processId}/fd`).length;
}

function openDirectory(path: string): number {
  const text = Buffer.from(`${path}\0`);
  const memory = pathMemory();
  memory.u8.set(text);
  return systemCall('openat', -100, memory.address, 0o2200000);
}

let shared: NativeMemory | undefined;
function pathMemory(): NativeMemory {
  shared ??= allocate(4096);
  return shared;
}
