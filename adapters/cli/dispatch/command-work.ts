import { join, resolve } from 'node:path';
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
import { markSettled, removeSettled, silentFolders } from '../../payload/earlier-lives.js';
import { payloadDirectoryOf } from '../../payload/find-payload.js';
import { type LinuxPayloadSession, linuxPayloads } from '../../payload/index.js';
import { findLeftBehind, findUntold, type LeftBehind, type LeftBehindOf } from '../../payload/left-behind.js';
import { withCrashPoints } from '../../payload/test-hooks.js';
import { print, printError } from '../output.js';
import { type DispatchFlags, sessionOptions } from './payload-spec.js';
import { joinInput, ownOutput, passSignals } from './stdio.js';

/** What `deputy dispatch` does to this machine, for the steps of strategies/dispatcher/command.ts. */
export class CommandWork implements DispatchWork {
  private host: EventHost | undefined;
  private place: ReturnType<typeof payloadDirectoryOf> | undefined;
  private session: LinuxPayloadSession | undefined;
  private readonly sink = ownOutput();

  constructor(
    private readonly spec: PayloadSpec,
    private readonly flags: DispatchFlags,
    private readonly logger: Logger,
  ) {}

  async findEarlier(): Promise<LeftBehindEnd | undefined> {
    const { path, containerId } = payloadDirectoryOf(sessionOptions(this.flags));
    const left = await this.find({ containerId }, path);
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
    const present = this.presentLife();
    const meant = present === undefined ? this.goneContainers() : [{ containerId: present.containerId }];
    const { name } = this.flags;
    const state = resolve(this.flags.state);
    for (const containers of meant) {
      for (const path of silentFolders(state, containers, name, present?.path)) {
        if (await this.settle(path)) markSettled(path);
      }
      removeSettled(state, containers, name);
    }
  }

  async findUntold(isOpen: boolean): Promise<LeftBehindEnd | undefined> {
    const left = await findUntold(this.place?.path ?? '', isOpen, this.sink);
    // Its delegation is in the journal that is open.
    const settle = async (): Promise<void> => undefined;
    return left && { end: left.end, settle, collect: () => left.collect(this.isToldByExit) };
  }

  async open(): Promise<OpenedDispatch | undefined> {
    // While earlier lives were waited for the container may have been started again.
    const place = payloadDirectoryOf(sessionOptions(this.flags));
    const { path, containerId, targetProcess: processId } = place;
    try {
      this.host = await this.openHost(path, this.logger);
    } catch (error) {
      if (!isDeputyError(error, 'DEPUTY_E_STATE_DIRECTORY_LOCKED')) throw error;
      print(`running ${place.runningProcess() ?? 'soon'}`);
      return undefined;
    }
    this.place = place;
    const { stateDirectory } = this.host;
    const engine = createEngine({ ...this.host, strategies: [this.strategy()], policy: defaultPolicy() });
    return { engine, stateDirectory, target: { containerId, processId } };
  }

  async follow(): Promise<PayloadEnd | undefined> {
    const { session, flags } = this;
    if (session === undefined) throw deputyError('DEPUTY_E_HANDLER_FAILED');
    if (flags.detach) {
      print(`ready ${this.place?.runningProcess() ?? ''}`);
      await session.leave();
      return undefined;
    }
    const signals = passSignals(session, flags.sigterm === 'leave');
    const leaveInput = joinInput(session, flags.tty === true);
    const end = await Promise.race([session.ended, signals.toLeave]);
    leaveInput();
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
    await this.host?.close();
  }

  private strategy() {
    const { spec, flags } = this;
    return dispatcher({
      payloads: linuxPayloads(sessionOptions(flags)),
      payload: () => spec,
      steps: withCrashPoints(dispatchSteps),
      onSession: (opened) => {
        this.session = opened as LinuxPayloadSession;
        this.session.drainTo(this.sink);
      },
    });
  }

  private get isToldByExit(): boolean {
    return sessionOptions(this.flags).isToldByExit === true;
  }

  private find(containers: LeftBehindOf['containers'], except?: string): Promise<LeftBehind | undefined> {
    const { state, name } = this.flags;
    const wanted = { containers, name, ...(except === undefined ? {} : { except }) };
    return findLeftBehind(resolve(state), wanted, this.sink);
  }

  /** What a container that is gone may have been called. */
  private goneContainers(): LeftBehindOf['containers'][] {
    const { target } = this.flags;
    // By its number also one that had a name then.
    if (/^\d+$/.test(target)) return [{ processId: Number(target) }, { containerId: `process-${target}` }];
    return [{ containerId: target }];
  }

  private presentLife(): { readonly path: string; readonly containerId: string } | undefined {
    try {
      return payloadDirectoryOf(sessionOptions(this.flags));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
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
      printError(error);
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
