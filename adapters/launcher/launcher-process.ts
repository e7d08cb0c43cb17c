import { type ChildProcess, type IOType, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import {
  createReceivedMessage,
  createSocketPair,
  receiveWithDescriptors,
  SOCK_SEQPACKET,
} from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { entryUrl } from '../supervisor/entry-path.js';
import { LineReader } from './line-reader.js';
import type { LauncherMessage, LauncherSetup } from './protocol.js';

/** How a target ended: one of the two is null. */
export interface TargetEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One of the target's standard streams: the caller's own, none, a pipe, or a descriptor. */
export type TargetStream = IOType | number;
export type TargetStreams = readonly [TargetStream, TargetStream, TargetStream];

/** Node itself has to start; on a busy machine that takes seconds. */
const startTimeoutMs = 20_000;
let packet: NativeMemory | undefined;

/** A launcher that was started, and our ends of its two channels. */
export class LauncherProcess {
  readonly exited: Promise<TargetEnd>;
  readonly lines: LineReader;

  private constructor(
    readonly child: ChildProcess,
    private handover: number,
  ) {
    this.lines = new LineReader(child.stdio[3] as Duplex);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    // Who has no CAP_KILL may not kill what is another user's by now; it ends when its channel does.
    child.on('error', () => undefined);
  }

  /** Starts a launcher and gives it its setup. Throws a coded error when no process can be made. */
  static start(setup: LauncherSetup, streams: TargetStreams): LauncherProcess {
    const ends = new Int32Array(2);
    const made = createSocketPair(SOCK_SEQPACKET, ends);
    if (made < 0) throw deputyError('DEPUTY_E_LAUNCH_FAILED', { detail: `socketpair: ${errnoText(made)}` });
    const entry = fileURLToPath(entryUrl(new URL('./main.js', import.meta.url)));
    const child = spawn(process.execPath, [entry], {
      stdio: [...streams, 'pipe', ends[1] as number],
      // The program's environment comes with the setup: NODE_OPTIONS in it is the program's, not the
      // launcher's.
      env: launcherEnvironment(),
    });
    systemCall('close', ends[1] as number);
    if (child.pid === undefined) {
      // The reason comes as an event, which nobody may leave unheard; without a process there are no streams.
      child.once('error', () => {});
      systemCall('close', ends[0] as number);
      throw deputyError('DEPUTY_E_LAUNCH_FAILED', { detail: 'no process could be made' });
    }
    const launcher = new LauncherProcess(child, ends[0] as number);
    launcher.lines.write(JSON.stringify(setup));
    return launcher;
  }

  /** The first thing that the launcher says. Throws a coded error when it ends or is silent instead. */
  async firstMessage(): Promise<LauncherMessage> {
    const message = await this.lines.next(startTimeoutMs);
    if (message !== undefined && message !== 'late') return message;
    this.abandon();
    const end = message === 'late' ? undefined : await this.exited;
    const detail =
      end === undefined
        ? `the launcher was silent for ${startTimeoutMs} ms`
        : `the launcher ended early (${end.signal ?? `code ${end.code}`})`;
    throw deputyError('DEPUTY_E_LAUNCH_FAILED', { detail });
  }

  /** The listener that the launcher has sent: a descriptor that the caller owns, or minus an errno. */
  takeListener(): number {
    packet ??= allocate(4096);
    const received = createReceivedMessage();
    const result = receiveWithDescriptors(this.handover, packet.address, 64, received);
    this.closeHandover();
    if (result < 0) return result;
    return received.count === 1 ? (received.descriptors[0] as number) : -71;
  }

  /** Ends the launcher and closes what is ours. */
  abandon(): void {
    this.child.kill('SIGKILL');
    this.lines.close();
    this.closeHandover();
  }

  private closeHandover(): void {
    if (this.handover >= 0) systemCall('close', this.handover);
    this.handover = -1;
  }
}

/** What Node itself may need to start here, and nothing that would change what it does. */
function launcherEnvironment(): NodeJS.ProcessEnv {
  const kept = ['LD_LIBRARY_PATH', 'DEPUTY_WITHOUT'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(kept);
}
