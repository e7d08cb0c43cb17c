import { setTimeout as sleep } from 'node:timers/promises';
import type { LinuxPayloadSession, OutputSink } from '../../payload/index.js';

/**
 * This process's stdout and stderr, for a payload's. Once nobody reads them any more (EPIPE), what comes is
 * dropped, as by a terminal that is gone: the payload goes on.
 */
export function ownOutput(): OutputSink {
  for (const stream of ['stdout', 'stderr'] as const) process[stream].on('error', () => undefined);
  return {
    write(stream, bytes, done) {
      process[stream].write(bytes, () => done());
    },
    dropped(bytes) {
      process.stderr.write(`${bytes} bytes of its output were dropped, as nobody read them in time\n`);
    },
  };
}

/** Joins this process's stdin, and its terminal, to a payload's. Returns what undoes it. */
export function joinInput(session: LinuxPayloadSession, isTerminal: boolean): () => void {
  const { input } = session;
  if (input === undefined) return () => undefined;
  const resize = (): void => input.resize(process.stdout.rows ?? 24, process.stdout.columns ?? 80);
  const raw = isTerminal && process.stdin.isTTY;
  if (raw) process.stdin.setRawMode(true);
  if (isTerminal) {
    resize();
    process.stdout.on('resize', resize);
  }
  const forward = async (): Promise<void> => {
    for await (const bytes of process.stdin) await input.write(bytes as Buffer);
    input.endInput();
  };
  // Whoever has no stdin (a service) gives the payload none.
  forward().catch(() => input.endInput());
  return () => {
    if (raw) process.stdin.setRawMode(false);
    process.stdout.off('resize', resize);
    process.stdin.destroy();
  };
}

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const lookAgainMs = 100;

/**
 * Waits for something, at most so long, or until a signal stops this command: did it come? `notice` is said
 * when it can be stopped.
 */
export async function untilStopped(hasCome: () => boolean, waitMs: number, notice: string): Promise<boolean> {
  let stop: () => void = () => undefined;
  let isStopped = false;
  const stopped = new Promise<void>((resolve) => {
    stop = () => {
      isStopped = true;
      resolve();
    };
  });
  for (const name of stopSignals) process.on(name, stop);
  process.stderr.write(notice);
  try {
    for (let waitedMs = 0; waitedMs < waitMs && !isStopped; waitedMs += lookAgainMs) {
      if (hasCome()) return true;
      await Promise.race([stopped, sleep(lookAgainMs)]);
    }
    return false;
  } finally {
    for (const name of stopSignals) process.off(name, stop);
  }
}

const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1, SIGQUIT: 3, SIGUSR1: 10, SIGUSR2: 12 } as const;

/** Those that are passed on come also when there is no payload, and must not start Node's debugger then. */
export function outliveSignals(): void {
  for (const name of ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) process.on(name, () => undefined);
}

/** SIGTERM does that, and nothing else, until what is returned is called. */
export function holdTerm(act: () => void = () => undefined): () => void {
  process.on('SIGTERM', act);
  return () => void process.off('SIGTERM', act);
}

/**
 * Passes signals on to the payload; SIGTERM, if that is to leave it alone, resolves `toLeave` instead. `stop`
 * undoes it.
 */
export function passSignals(
  session: LinuxPayloadSession,
  leavesOnTerm: boolean,
): { readonly toLeave: Promise<undefined>; readonly stop: () => void } {
  let leave: (value: undefined) => void = () => undefined;
  const toLeave = new Promise<undefined>((resolve) => {
    leave = resolve;
  });
  const listeners = Object.entries(signals).map(([name, number]) => {
    const listener = (): void => {
      if (leavesOnTerm && name === 'SIGTERM') leave(undefined);
      else session.signal(number);
    };
    process.on(name, listener);
    return { name, listener };
  });
  const stop = (): void => {
    for (const { name, listener } of listeners) process.off(name, listener);
  };
  return { toLeave, stop };
}
