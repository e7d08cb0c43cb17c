import { createEngine, type Engine } from '../../../core/engine/engine.js';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { defaultPolicy } from '../../../core/policy/defaults.js';
import type { PayloadEnd } from '../../../core/ports/payload.js';
import type { StateDirectory } from '../../../core/ports/state-directory.js';
import type { Strategy } from '../../../core/ports/strategy.js';
import { InMemoryEventStore } from '../../../core/stores/in-memory-event-store.js';
import {
  type DispatchWork,
  dispatcher,
  endText,
  isGone,
  type LeftBehindEnd,
  type OpenedDispatch,
} from '../../../strategies/dispatcher/index.js';
import type { LockDescription } from '../../processes/file-lock.js';
import type { Acting } from './acting.js';
import type { DispatchParts } from './dispatch-parts.js';
import { findLeftBehind, findUntold, type LeftBehind } from './left-behind.js';
import { modelPayloads } from './model-payloads.js';
import type { PayloadFolder } from './payload-folder.js';
import type { ModelPayloadSession } from './payload-session.js';
import { identifyTarget } from './target-facts.js';
import { closeDescription } from './text-socket.js';

/** An end of a payload, and of which life of its container's. */
export interface ToldEnd {
  readonly end: PayloadEnd;
  readonly startTime: number;
}

/** How long a container is waited for that may be started again. */
const restartWaitUs = 2_000_000;
const restartLookUs = 50_000;

export interface WorkOptions {
  readonly containerId: string;
  /** Whose state directory it is. */
  readonly owner: number;
}

/** A state directory that is open, with its lock. */
interface OpenState {
  readonly stateDirectory: StateDirectory;
  readonly lock: LockDescription;
}

/** What `deputy dispatch` does to the modelled machine, for the real steps of the command. */
export class ModelCommandWork implements DispatchWork {
  /** What it said of the container's earlier lives. */
  readonly earlier: ToldEnd[] = [];
  /** When the life of the container began that its end is of. */
  startTime = 0;
  private state: OpenState | undefined;
  private place: PayloadFolder | undefined;
  private found: LeftBehind | undefined;
  session: ModelPayloadSession | undefined;
  readonly awaitRestart?: (failure: unknown) => Promise<boolean>;

  constructor(
    private readonly parts: DispatchParts,
    private readonly acting: Acting,
    private readonly options: WorkOptions,
  ) {
    if (parts.scenario.dispatch.follows) this.awaitRestart = (failure) => this.untilRestarted(failure);
  }

  async findEarlier(): Promise<LeftBehindEnd | undefined> {
    const present = await this.acting.call('find-folder', () => this.folder());
    const left = await this.find(present);
    if (left === undefined) return undefined;
    const settle = async (): Promise<void> => {
      const { end, folder } = left;
      await this.acting.call('say-earlier', () => {
        this.earlier.push({ end, startTime: folder.startTime });
      });
      await this.settle(left);
    };
    return { end: left.end, settle, collect: () => left.collect(false) };
  }

  async findLate(): Promise<LeftBehindEnd | undefined> {
    const left = await this.find();
    if (left === undefined) return undefined;
    this.startTime = left.folder.startTime;
    return { end: left.end, settle: () => this.settle(left), collect: () => left.collect(this.isToldByExit) };
  }

  async settleEarlier(): Promise<void> {
    const { parts, acting } = this;
    const { containerId } = this.options;
    const silent = await acting.call('find-silent', () => {
      const present = this.presentFolder();
      return parts.folders.ofContainer(containerId).filter((folder) => {
        const isOver = folder !== present && !folder.isSettled && !folder.isLocked;
        return isOver && folder.ended === undefined && folder.orphan(parts.tree) === undefined;
      });
    });
    for (const folder of silent) {
      if (await this.settleFolder(folder)) folder.isSettled = true;
    }
  }

  async findUntold(isOpen: boolean): Promise<LeftBehindEnd | undefined> {
    const { place } = this;
    if (place === undefined) return undefined;
    const left = await findUntold(this.parts, this.acting, place, isOpen);
    this.found = left;
    if (left === undefined) return undefined;
    // Its delegation is in the state directory that is open.
    return { end: left.end, settle: async () => undefined, collect: () => left.collect(this.isToldByExit) };
  }

  async open(): Promise<OpenedDispatch | undefined> {
    const { containerId } = this.options;
    const folder = await this.acting.call('find-folder', () => this.folder());
    this.startTime = folder.startTime;
    this.place = folder;
    this.state = await this.openState(folder);
    if (this.state === undefined) return undefined;
    const { stateDirectory } = this.state;
    const strategy = dispatcher({
      payloads: modelPayloads(this.parts, this.acting, (session) => {
        this.session = session;
      }),
      payload: () => this.parts.spec,
      steps: this.parts.dispatchSteps,
    });
    return {
      engine: this.makeEngine(stateDirectory, [strategy]),
      stateDirectory,
      target: { containerId },
    };
  }

  async follow(): Promise<PayloadEnd> {
    const { session } = this;
    if (session === undefined) throw deputyError('DEPUTY_E_HANDLER_FAILED');
    return session.ended;
  }

  async collect(): Promise<void> {
    await this.session?.collect();
  }

  async shut(error?: unknown): Promise<void> {
    await this.acting.call('shut', () => {
      if (error !== undefined) this.session?.leave();
      this.closeState(this.state);
      this.state = this.session = undefined;
    });
  }

  private get isToldByExit(): boolean {
    return !this.parts.scenario.dispatch.follows;
  }

  private async untilRestarted(failure: unknown): Promise<boolean> {
    if (failure !== undefined && !isGone(failure)) return false;
    const served = this.place;
    const { parts } = this;
    const orphan = await this.acting.call('look-for-payload', () => served?.orphan(parts.tree));
    if (failure === undefined && orphan !== undefined) {
      await this.acting.sleep(restartLookUs);
      return true;
    }
    for (let waitedUs = 0; waitedUs < restartWaitUs; waitedUs += restartLookUs) {
      const present = await this.acting.call('look-for-restart', () => this.presentFolder());
      if (present !== undefined && present !== served) return true;
      await this.acting.sleep(restartLookUs);
    }
    return false;
  }

  /** Removed the record that a killed shim had left: nobody else has the end then. */
  get hasLastRecord(): boolean {
    return this.found?.isForgotten === true;
  }

  private async find(except?: PayloadFolder): Promise<LeftBehind | undefined> {
    this.found = await findLeftBehind(this.parts, this.acting, this.options.containerId, except);
    return this.found;
  }

  private async settle({ folder, end }: LeftBehind): Promise<void> {
    await this.settleFolder(folder, endText(end));
  }

  /** Whoever has the state directory open goes before, and the end is told all the same. */
  private async settleFolder(folder: PayloadFolder, reason?: string): Promise<boolean> {
    const state = await this.openState(folder);
    if (state === undefined) return false;
    await this.makeEngine(state.stateDirectory, []).settlePredecessors(undefined, reason);
    await this.acting.call('close-state', () => this.closeState(state));
    return true;
  }

  private presentFolder(): PayloadFolder | undefined {
    try {
      return this.folder();
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** Where its payload is kept, by the container as it was started last. */
  private folder(): PayloadFolder {
    const { containerId } = this.options;
    return this.parts.folders.of(containerId, identifyTarget(this.parts, containerId).startTime);
  }

  private openState(folder: PayloadFolder): Promise<OpenState | undefined> {
    const log = folder.logOf(this.options.owner);
    return this.acting.call('open-state', () => {
      const lock = log.lock.open();
      if (lock.lock() < 0) return undefined;
      this.acting.self.process.table.add(lock);
      const sequencer = log.open(this.acting);
      return { lock, stateDirectory: { sequencer, epoch: log.epoch } };
    });
  }

  private closeState(state: OpenState | undefined): void {
    if (state !== undefined) closeDescription(this.acting.self, state.lock);
  }

  private makeEngine(stateDirectory: StateDirectory, strategies: readonly Strategy[]): Engine {
    const { world, nextNumber } = this.parts;
    return createEngine({
      strategies,
      store: new InMemoryEventStore(),
      policy: defaultPolicy(),
      stateDirectory,
      clock: { nowMs: () => world.wallClockBaseMs + world.nowUs / 1000, monotonicUs: () => world.nowUs },
      ids: { next: () => `delegation-${nextNumber('delegation')}` },
    });
  }
}
