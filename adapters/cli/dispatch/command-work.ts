import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine } from '../../../core/engine/engine.js';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import { defaultPolicy } from '../../../core/policy/defaults.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { PayloadEnd, PayloadSpec } from '../../../core/ports/payload.js';
import {
  type DispatchWork,
  dispatcher,
  dispatchSteps,
  endText,
  isGone,
  type LeftBehindEnd,
  type OpenedDispatch,
} from '../../../strategies/dispatcher/index.js';
import { type EventHost, openEventHost } from '../../host/event-host.js';
import { markSettled, removeSettled, silentFolders, unmarkSettled } from '../../payload/earlier-lives.js';
import { findPayloadPlace, type PayloadPlace, payloadPlaceOf } from '../../payload/find-payload.js';
import { type LinuxPayloadSession, linuxPayloads } from '../../payload/index.js';
import { findLeftBehind, findUntold, type LeftBehind, type LeftBehindOf } from '../../payload/left-behind.js';
import { withCrashPoints } from '../../payload/test-hooks.js';
import { print, printError } from '../output.js';
import { type DispatchFlags, sessionOptions } from './payload-spec.js';
import { holdTerm, joinInput, ownOutput, passSignals, untilStopped } from './stdio.js';

/**
 * A container that has just been started is not yet what it is going to be: its first process is the
 * runtime's still, with its privileges, and listens nowhere; or it is frozen meanwhile, or moved to another
 * cgroup.
 */
const passing: ReadonlySet<string> = new Set([
  'DEPUTY_E_TARGET_COULD_TAKE_OVER',
  'DEPUTY_E_TARGET_NOT_INIT',
  'DEPUTY_E_TARGET_PAUSED',
  'DEPUTY_E_TARGET_CHANGED',
  'DEPUTY_E_TARGET_CGROUP_BUSY',
  'DEPUTY_E_PLACEHOLDER_INVALID',
  'DEPUTY_E_PAYLOAD_UNVERIFIED',
  'DEPUTY_E_PAYLOAD_NOT_JOINED',
]);
/** Twelve seconds in all. */
const firstPauseMs = 100;
const triesMax = 7;
/** One that served for so long has begun: what it meets later is tried as often again. */
const steadyMs = 60_000;

/** What `deputy dispatch` does to this machine, for the steps of strategies/dispatcher/command.ts. */
export class CommandWork implements DispatchWork {
  private host: EventHost | undefined;
  private place: PayloadPlace | undefined;
  private session: LinuxPayloadSession | undefined;
  private failed: { readonly path: string | undefined; tries: number } = { path: undefined, tries: 0 };
  private readonly sink = ownOutput();
  /** Undoes what SIGTERM does outside of `follow`. */
  private freeTerm: () => void = () => undefined;

  constructor(
    private readonly spec: PayloadSpec,
    private readonly flags: DispatchFlags,
    private readonly logger: Logger,
  ) {}

  async findEarlier(): Promise<LeftBehindEnd | undefined> {
    const { directory, target } = payloadPlaceOf(sessionOptions(this.flags));
    const left = await this.find({ containerId: target.containerId }, directory.path);
    if (left === undefined) return undefined;
    const settle = async (): Promise<void> => {
      process.stderr.write(`before the container was started again ${endText(left.end)}\n`);
      await this.settle(left.path, left.end);
    };
    return { end: left.end, settle, collect: () => left.collect(false) };
  }

  async findLate(): Promise<LeftBehindEnd | undefined> {
    for (const containers of this.goneContainers()) {
      const left = await this.find(containers);
      if (left === undefined) continue;
      const settle = async (): Promise<void> => void (await this.settle(left.path, left.end));
      return { end: left.end, settle, collect: () => left.collect(this.isToldByExit) };
    }
    return undefined;
  }

  async settleEarlier(): Promise<void> {
    const present = findPayloadPlace(sessionOptions(this.flags));
    const id = present?.target.containerId;
    const meant = id === undefined ? this.goneContainers() : [{ containerId: id }];
    const { name } = this.flags;
    const state = resolve(this.flags.state);
    for (const containers of meant) {
      for (const path of silentFolders(state, containers, name, present?.directory.path)) {
        const hasEvents = existsSync(join(path, 'engine'));
        if (!hasEvents || (await this.settle(path))) markSettled(path);
      }
      removeSettled(state, containers, name);
    }
  }

  async findUntold(isOpen: boolean): Promise<LeftBehindEnd | undefined> {
    const path = this.place?.directory.path ?? '';
    const left = await this.untilTold(() => findUntold(path, isOpen, this.sink));
    // Its delegation is in the journal that is open.
    const settle = async (): Promise<void> => undefined;
    return left && { end: left.end, settle, collect: () => left.collect(this.isToldByExit) };
  }

  async open(): Promise<OpenedDispatch | undefined> {
    // While earlier lives were waited for the container may have been started again.
    const place = payloadPlaceOf(sessionOptions(this.flags));
    const { directory, target } = place;
    try {
      this.host = await this.openHost(directory.path, this.logger);
    } catch (error) {
      if (!isDeputyError(error, 'DEPUTY_E_STATE_DIRECTORY_LOCKED')) throw error;
      print(`running ${directory.runningProcess() ?? 'soon'}`);
      return undefined;
    }
    unmarkSettled(directory.path);
    this.place = place;
    const { stateDirectory } = this.host;
    const engine = createEngine({ ...this.host, strategies: [this.strategy()], policy: defaultPolicy() });
    return { engine, stateDirectory, target };
  }

  async follow(): Promise<PayloadEnd | undefined> {
    const { session, flags } = this;
    if (session === undefined) throw deputyError('DEPUTY_E_HANDLER_FAILED');
    if (flags.detach) {
      print(`ready ${this.place?.directory.runningProcess() ?? ''}`);
      await session.leave();
      return undefined;
    }
    const signals = passSignals(session, this.leavesOnTerm);
    this.freeTerm();
    const leaveInput = joinInput(session, flags.tty === true);
    const begunMs = performance.now();
    const end = await Promise.race([session.ended, signals.toLeave]);
    if (performance.now() - begunMs > steadyMs) this.failed = { path: undefined, tries: 0 };
    leaveInput();
    // It is over soon by itself, and the shim has to be told first what was taken.
    if (end !== undefined && this.leavesOnTerm) this.freeTerm = holdTerm();
    signals.stop();
    if (end === undefined) await session.leave();
    return end;
  }

  async collect(): Promise<void> {
    await this.session?.collect();
  }

  async shut(error?: unknown): Promise<void> {
    // Else its open connection would keep us here until the payload's end.
    if (error !== undefined) await this.session?.leave();
    const { host } = this;
    this.host = this.session = undefined;
    try {
      await host?.close();
    } catch (failure) {
      // How the payload ended is told all the same; its events are in the journal.
      printError(failure);
    }
    this.freeTerm();
  }

  async awaitRestart(failure: unknown): Promise<boolean> {
    const { onRestart, restartWait, target } = this.flags;
    if (onRestart === 'end') return false;
    // Its shim was killed and it was not: the life that it runs in is gone on with.
    const isRunning = failure === undefined && this.place?.directory.isPayloadRunning() === true;
    if (isRunning && (await this.tryAgain())) return true;
    if (isDeputyError(failure) && passing.has(failure.code)) return this.tryAgain();
    if (failure !== undefined && !isGone(failure)) return false;
    const served = this.place?.directory.path;
    const isOther = (): boolean => {
      const path = findPayloadPlace(sessionOptions(this.flags))?.directory.path;
      return path !== undefined && path !== served;
    };
    return untilStopped(isOther, restartWait, `waiting for '${target}' to be started again\n`);
  }

  /** The same life once more, with a longer pause each time. */
  private async tryAgain(): Promise<boolean> {
    const path = this.place?.directory.path;
    if (path !== this.failed.path) this.failed = { path, tries: 0 };
    if (this.failed.tries >= triesMax) return false;
    await sleep(firstPauseMs << this.failed.tries++);
    return true;
  }

  private strategy() {
    const { spec, flags } = this;
    return dispatcher({
      payloads: linuxPayloads(sessionOptions(flags)),
      payload: () => spec,
      steps: withCrashPoints(dispatchSteps),
      onSession: (opened) => {
        const session = opened as LinuxPayloadSession;
        this.session = session;
        // Output comes from here on. Killed with what was taken and not yet told, it would come twice.
        const leave = (): void => void session.leave().finally(() => process.exit(0));
        if (this.leavesOnTerm) this.freeTerm = holdTerm(leave);
        session.drainTo(this.sink);
      },
    });
  }

  private get isToldByExit(): boolean {
    return sessionOptions(this.flags).isToldByExit === true;
  }

  private get leavesOnTerm(): boolean {
    return this.flags.sigterm === 'leave';
  }

  /** Where SIGTERM is to leave all as it is, it does not come between output that was taken and its shim. */
  private async untilTold(find: () => Promise<LeftBehind | undefined>): Promise<LeftBehind | undefined> {
    if (!this.leavesOnTerm) return find();
    const free = holdTerm();
    const left = await find();
    if (left !== undefined) return { ...left, collect: (byExit) => left.collect(byExit).finally(free) };
    free();
    return undefined;
  }

  private find(containers: LeftBehindOf['containers'], except?: string): Promise<LeftBehind | undefined> {
    const { state, name } = this.flags;
    const wanted = { containers, name, ...(except === undefined ? {} : { except }) };
    return this.untilTold(() => findLeftBehind(resolve(state), wanted, this.sink));
  }

  /** What a container that is gone may have been called. */
  private goneContainers(): LeftBehindOf['containers'][] {
    const { target } = this.flags;
    // By its number also one that had a name then.
    if (/^\d+$/.test(target)) return [{ processId: Number(target) }, { containerId: `process-${target}` }];
    return [{ containerId: target }];
  }

  /** Where its last event can't be written that is said, and the end is told all the same. */
  private async settle(path: string, end?: PayloadEnd): Promise<boolean> {
    try {
      const host = await this.openHost(path);
      try {
        const engine = createEngine({ ...host, strategies: [], policy: defaultPolicy() });
        await engine.settlePredecessors(undefined, end && endText(end));
      } finally {
        await host.close();
      }
      return true;
    } catch (error) {
      // Whoever has it open writes what is to be written.
      if (!isDeputyError(error, 'DEPUTY_E_STATE_DIRECTORY_LOCKED')) printError(error);
      return false;
    }
  }

  private openHost(path: string, logger?: Logger): Promise<EventHost> {
    const { node } = this.flags;
    return openEventHost({
      stateDirectory: join(path, 'engine'),
      ...(logger === undefined ? {} : { logger }),
      ...(node === undefined ? {} : { node }),
    });
  }
}
