import { canBeAdopted } from '../../core/engine/can-be-adopted.js';
import type { Engine } from '../../core/engine/engine-options.js';
import { isDeputyError } from '../../core/errors/deputy-error.js';
import type { PayloadEnd } from '../../core/ports/payload.js';
import type { OpenStream } from '../../core/ports/sequencer.js';
import type { StateDirectory } from '../../core/ports/state-directory.js';
import type { Target } from '../../core/ports/strategy.js';
import { endText } from './strategy.js';

/** Each is waited for, and there may be a new one any time: a container that restarts all the while. */
const earlierLivesMax = 16;

/** How a payload ended while nobody was there: its shim keeps that. */
export interface LeftBehindEnd {
  readonly end: PayloadEnd;
  /** Tells of it: the delegation of that payload has its last event. */
  settle(): Promise<void>;
  /** It has been told: the shim may forget it. Whoever dies before that leaves it for the next one. */
  collect(): void | Promise<void>;
}

/** What is dispatched to, and the events of that. */
export interface OpenedDispatch {
  readonly engine: Engine;
  readonly stateDirectory: StateDirectory;
  readonly target: Target;
}

/** What a dispatch from a command's start to its end does to the world. */
export interface DispatchWork {
  /** The end of a payload of an earlier life of the container, if nobody has heard of it yet. */
  findEarlier(): Promise<LeftBehindEnd | undefined>;
  /** The same of any life, when there is no such container any more. */
  findLate(): Promise<LeftBehindEnd | undefined>;
  /** Gives the delegations of earlier lives their last events where nothing is left that knows their ends. */
  settleEarlier?(): Promise<void>;
  /** Opens what is kept of the container's present life; undefined while another dispatch has that open. */
  open(): Promise<OpenedDispatch | undefined>;
  /**
   * The end of a payload of this life that whoever asked may not have been told: its last event was written,
   * or (`isOpen`) its shim died, and so did the dispatch that followed it.
   */
  findUntold?(isOpen: boolean): Promise<LeftBehindEnd | undefined>;
  /** The payload's end; undefined when it is to be left alone. */
  follow(): Promise<PayloadEnd | undefined>;
  /** Its end is known and told: the shim may forget it. */
  collect(): void | Promise<void>;
  /**
   * For one that follows its container from life to life: resolves when that runs again, and was not served
   * yet; to false once that is not waited for. `failure`: what the dispatch to the life before failed with,
   * which may be dispatched to once more.
   */
  awaitRestart?(failure: unknown): Promise<boolean>;
  /** Closes what `open` opened. With an error it lets go of the payload, too. */
  shut(error?: unknown): Promise<void>;
}

/** How a dispatch ended: with its payload, or without it as another one has it, or leaves it alone. */
export type DispatchOutcome =
  | { readonly kind: 'ended'; readonly end: PayloadEnd }
  | { readonly kind: 'running' }
  | { readonly kind: 'left' };

/** What the steps of a command know of each other. */
export interface DispatchCommand {
  readonly work: DispatchWork;
  /** Earlier lives that were asked for so far. */
  lives: number;
  left?: LeftBehindEnd | undefined;
  opened?: OpenedDispatch;
  outcome?: DispatchOutcome;
  /** What the dispatch failed with. */
  failure?: unknown;
  /** The container runs again, in a life that is to be dispatched to. */
  isRestarted?: boolean;
}

/** One step: what it does, and the name of the step that follows. */
export interface CommandStep {
  readonly name: string;
  readonly act: (command: DispatchCommand) => Promise<string>;
}

const done = 'done';

/** The delegation that a predecessor left open, if it can be gone on with. */
async function leftOpen({ stateDirectory }: OpenedDispatch): Promise<OpenStream | undefined> {
  const [open] = await stateDirectory.sequencer.caughtUp();
  return open !== undefined && canBeAdopted(open) ? open : undefined;
}

/** No payload is begun where one ended of which nobody was told. */
async function findUntold(command: DispatchCommand): Promise<string> {
  const open = await leftOpen(command.opened as OpenedDispatch);
  command.left = await command.work.findUntold?.(open !== undefined);
  return command.left === undefined ? 'begin' : 'settle-untold';
}

/** Goes on with the delegation that a predecessor left open, or begins one. */
async function begin({ opened }: DispatchCommand): Promise<string> {
  const { engine, stateDirectory, target } = opened as OpenedDispatch;
  const open = await leftOpen(opened as OpenedDispatch);
  if (open === undefined) {
    await engine.settlePredecessors();
    await engine.delegate({ target, strategy: 'dispatcher', origin: 'dispatch' });
    return 'follow';
  }
  await engine.adopt({
    delegationId: open.delegationId,
    strategy: 'dispatcher',
    targets: [target],
    reason: 'whoever dispatched it is gone',
    inFlight: 0,
    previousEpoch: stateDirectory.epoch - 1,
    leavesGone: true,
  });
  return 'follow';
}

async function collectLeft(command: DispatchCommand): Promise<string> {
  const left = command.left as LeftBehindEnd;
  await left.collect();
  command.outcome = { kind: 'ended', end: left.end };
  return done;
}

/**
 * The steps of `deputy dispatch`. A shim forgets how a payload ended only behind the step that has told it:
 * whoever is killed between two of them leaves it for the next one.
 *
 * A container that was started again is another delegation. What became of the payloads of its earlier lives,
 * if nobody has heard of it yet, is said first; their shims end with that.
 */
export const commandSteps: readonly CommandStep[] = [
  {
    name: 'find-earlier',
    act: async (command) => {
      command.left = command.lives++ < earlierLivesMax ? await command.work.findEarlier() : undefined;
      if (command.left !== undefined) return 'settle-earlier';
      return command.work.settleEarlier === undefined ? 'open' : 'settle-silent';
    },
  },
  {
    name: 'settle-earlier',
    act: async ({ left }) => {
      await left?.settle();
      return 'collect-earlier';
    },
  },
  {
    name: 'collect-earlier',
    act: async ({ left }) => {
      await left?.collect();
      return 'find-earlier';
    },
  },
  {
    name: 'settle-silent',
    act: async ({ work }) => {
      await work.settleEarlier?.();
      return 'open';
    },
  },
  {
    name: 'open',
    act: async (command) => {
      const opened = await command.work.open();
      if (opened !== undefined) command.opened = opened;
      else command.outcome = { kind: 'running' };
      return opened === undefined ? done : 'find-untold';
    },
  },
  { name: 'find-untold', act: findUntold },
  { name: 'begin', act: begin },
  {
    name: 'follow',
    act: async (command) => {
      const end = await command.work.follow();
      command.outcome = end === undefined ? { kind: 'left' } : { kind: 'ended', end };
      return end === undefined ? done : 'close';
    },
  },
  {
    name: 'close',
    act: async ({ opened }) => {
      await opened?.engine.close('the payload ended');
      return 'collect';
    },
  },
  {
    name: 'collect',
    act: async ({ work }) => {
      await work.collect();
      return done;
    },
  },
  {
    name: 'settle-untold',
    act: async ({ opened, left }) => {
      await opened?.engine.settlePredecessors(undefined, left && endText(left.end));
      return 'collect-untold';
    },
  },
  { name: 'collect-untold', act: collectLeft },
  {
    name: 'find-late',
    act: async (command) => {
      command.left = await command.work.findLate();
      if (command.left !== undefined) return 'settle-late';
      await command.work.settleEarlier?.();
      return done;
    },
  },
  {
    name: 'settle-late',
    act: async ({ left }) => {
      await left?.settle();
      return 'collect-late';
    },
  },
  { name: 'collect-late', act: collectLeft },
  {
    name: 'await-restart',
    act: async (command) => {
      command.isRestarted = (await command.work.awaitRestart?.(command.failure)) === true;
      return done;
    },
  },
];

/**
 * A dispatch from its start to its payload's end, and, where the container is followed, of each life of that.
 * Throws what the dispatch failed with.
 */
export async function runCommand(
  work: DispatchWork,
  steps: readonly CommandStep[] = commandSteps,
): Promise<DispatchOutcome> {
  for (;;) {
    const command: DispatchCommand = { work, lives: 0 };
    await runLife(command, steps);
    const { outcome } = command;
    if (outcome !== undefined && outcome.kind !== 'ended') return outcome;
    if (work.awaitRestart !== undefined) await runFrom('await-restart', command, steps);
    if (command.isRestarted) continue;
    if (outcome === undefined) throw command.failure;
    return outcome;
  }
}

/**
 * One life of the container. Where that is gone, the exit code of a payload that ended with it may still wait
 * for somebody.
 */
async function runLife(command: DispatchCommand, steps: readonly CommandStep[]): Promise<void> {
  const { work } = command;
  try {
    await runFrom('find-earlier', command, steps);
  } catch (error) {
    await work.shut(error);
    command.failure = error;
    // An end that could not be told is none.
    delete command.outcome;
    if (isGone(error)) await runFrom('find-late', command, steps);
    return;
  }
  await work.shut();
}

async function runFrom(first: string, command: DispatchCommand, steps: readonly CommandStep[]) {
  for (let name = first; name !== done; ) {
    const step = steps.find((one) => one.name === name);
    if (step === undefined) throw new RangeError(`no step ${name}`);
    name = await step.act(command);
  }
}

/** Does an error say that there is no such container now? */
export function isGone(error: unknown): boolean {
  return isDeputyError(error, 'DEPUTY_E_TARGET_UNKNOWN') || isDeputyError(error, 'DEPUTY_E_TARGET_GONE');
}
