import { keeperLimits, lookEveryMs } from '../../core/keeper/limits.js';
import { Supervision, type SupervisionEffect } from '../../core/keeper/supervision.js';
import { ListenerEnd } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { Agent, StoredListener } from './agent.js';
import type { ContainerState, ListenerNote, SupervisorLink, Turn } from './agent-link.js';
import type { Child, Held } from './keeper-child.js';
import type { KeeperParts } from './keeper-parts.js';
import { startSupervisor } from './start-supervisor.js';
import type { ModelSupervisor } from './supervisor.js';

/** A channel between keeper and supervisor, and a process's start, in microseconds. */
const messageUs = [20, 200] as const;
const startUs = [150_000, 250_000] as const;
const firstKey = 16;

/** The keeper: holds listeners, starts and restarts supervisors. What it decides is the real code. */
export class ModelKeeper implements Agent {
  private readonly children = new Map<number, Child>();
  private readonly held = new Map<number, Held>();
  private readonly supervision: Supervision;
  private nextId = 1;
  private nextKey = firstKey;
  private hasProved = false;
  private tookOver: boolean;
  private isStopping = false;

  constructor(
    readonly process: ModelProcess,
    private readonly parts: KeeperParts,
  ) {
    this.supervision = new Supervision(keeperLimits, parts.setup.standby);
    this.tookOver = parts.handOver === undefined;
    process.whenDead.push(() => this.orphan());
    this.takeBack(parts.stored);
    if (this.tookOver) parts.injectors?.start(process);
    this.obey(this.supervision.begin());
    this.look();
  }

  get supervisors(): readonly ModelSupervisor[] {
    return [...this.children.values()].map(({ supervisor }) => supervisor);
  }

  get active(): ModelSupervisor | undefined {
    return this.children.get(this.supervision.activeId ?? -1)?.supervisor;
  }

  take(state: ContainerState, listener: ListenerEnd): void {
    const key = this.nextKey++;
    const { world, storage, book } = this.parts;
    // In the socket's buffer it is open, until it is taken or its keeper is gone.
    let isWaiting = true;
    const arrived = (): void => {
      if (isWaiting) listener.release();
      isWaiting = false;
    };
    listener.refer();
    this.process.whenDead.push(arrived);
    world.step(this.process, 'keeper', 'take-listener', null, () => {
      const kept = this.hold(key, state, listener, 'runtime');
      book.set(key, { state });
      storage?.store({ key, listener });
      this.giveToAll(kept);
      arrived();
      return key;
    });
  }

  /** Ends, and gives away all that outlives it. */
  handOver(): readonly StoredListener[] {
    this.isStopping = true;
    this.supervision.stop();
    const given = this.list();
    for (const { listener } of given) listener.refer();
    for (const child of this.children.values()) this.parts.world.kernel.kill(child.process);
    this.parts.injectors?.stop();
    return given;
  }

  kill(): void {
    for (const child of this.children.values()) this.parts.world.kernel.kill(child.process);
    this.parts.world.kernel.kill(this.process);
  }

  /** Whoever serves goes on to its targets' end, with an injector of its own; nobody else does. */
  private orphan(): void {
    const { active } = this;
    for (const { process, supervisor } of this.children.values()) {
      if (supervisor !== active || !supervisor.isActive) this.parts.world.kernel.kill(process);
    }
    // Whoever has handed over has no injector any more, and whoever has not taken over none yet.
    if (this.isStopping || !this.tookOver) return;
    this.parts.injectors?.stop();
    if (active?.isActive === true) this.parts.injectors?.start(active.parts.process);
  }

  private list(): StoredListener[] {
    return [...this.held.values()].flatMap(({ key, descriptor }) => {
      const listener = this.process.table.at(descriptor);
      return listener instanceof ListenerEnd ? [{ key, listener }] : [];
    });
  }

  private takeBack(stored: readonly StoredListener[]): void {
    for (const key of this.parts.book.keys()) this.nextKey = Math.max(this.nextKey, key + 1);
    for (const { key, listener } of stored) {
      const known = this.parts.book.get(key);
      if (known === undefined) continue;
      const kept = this.hold(key, known.state, listener, 'runtime');
      if (known.note !== undefined) kept.note = known.note;
      this.parts.storage?.store({ key, listener });
    }
  }

  private hold(key: number, state: ContainerState, listener: ListenerEnd, origin: string): Held {
    const kept: Held = { key, state, origin, descriptor: this.process.table.add(listener) };
    this.held.set(key, kept);
    const look = (): void => {
      if (listener.filter.hasHungUp) this.message(() => this.drop(key));
    };
    listener.filter.watchers.add(look);
    // It may have hung up before anybody looked.
    look();
    return kept;
  }

  private drop(key: number): void {
    const kept = this.held.get(key);
    if (kept === undefined) return;
    this.held.delete(key);
    this.parts.world.kernel.close(this.process, kept.descriptor);
    this.parts.book.delete(key);
    this.parts.storage?.remove(key);
    for (const child of this.children.values()) this.send(child, () => child.supervisor.gone(key));
  }

  private look(): void {
    const beats = new Map([...this.children].map(([id, { beats }]) => [id, beats]));
    this.obey(this.supervision.look(beats));
    this.parts.world.scheduler.after(lookEveryMs * 1_000, this.process, () => this.look());
  }

  private obey(effects: readonly SupervisionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'spawn') {
        this.parts.world.scheduler.after(effect.delayMs * 1_000, this.process, () => this.spawn());
      } else if (effect.kind === 'activate') this.activate(effect.id, effect.reason);
      else if (effect.kind === 'kill') this.killChild(effect.id);
      else if (effect.kind === 'failing') {
        this.parts.world.watch.noted?.('keeper', 'failing', { deaths: effect.deaths });
      }
    }
  }

  private killChild(id: number): void {
    const child = this.children.get(id);
    if (child !== undefined) this.parts.world.kernel.kill(child.process);
  }

  private spawn(): void {
    if (this.isStopping) return;
    this.parts.world.step(this.process, 'keeper', 'spawn-supervisor', null, () => {
      const id = this.nextId++;
      const { process, supervisor } = startSupervisor(this.parts, this.process, this.linkOf(id));
      const startedAtUs = this.parts.world.nowUs;
      const child: Child = { id, process, supervisor, startedAtUs, beats: 0, sent: new Set() };
      this.children.set(id, child);
      this.supervision.started(id);
      process.whenDead.push(() => this.message(() => this.died(child)));
      for (const listener of this.held.values()) this.give(child, listener);
      this.beat(child);
      this.parts.world.later(process, ...startUs, () =>
        this.parts.world.step(process, 'standby', 'prepare', null, () => {
          this.message(() => this.becameReady(child));
          return 0;
        }),
      );
      return id;
    });
  }

  private beat(child: Child): void {
    this.parts.world.scheduler.after((lookEveryMs * 1_000) / 2, child.process, () => {
      child.beats++;
      this.beat(child);
    });
  }

  private becameReady(child: Child): void {
    const { handOver, injectors, world } = this.parts;
    if (!this.tookOver && handOver !== undefined) {
      const given = handOver();
      // Whoever starts that one again has its listeners, and this one would be in the way.
      if (given === undefined) return this.kill();
      this.tookOver = true;
      this.takeBack(given);
      injectors?.start(this.process);
      for (const listener of this.held.values()) this.giveToAll(listener);
    }
    world.step(this.process, 'keeper', 'supervisor-ready', null, () => {
      this.obey(this.supervision.ready(child.id));
      return child.id;
    });
  }

  private activate(id: number, reason: string): void {
    const child = this.children.get(id);
    if (child === undefined) return;
    this.parts.world.step(this.process, 'keeper', 'activate', null, () => {
      const turn: Turn = { reason, lost: this.hasProved ? [] : this.takeLost() };
      this.hasProved = true;
      // It waits for the listeners that it was sent, and for word of each.
      const begin = (): void => {
        if (child.sent.size > 0) this.send(child, begin);
        else child.supervisor.activate(turn);
      };
      this.send(child, begin);
      return id;
    });
  }

  /** Listeners that an earlier keeper had and nobody brought back. */
  private takeLost(): Turn['lost'] {
    const lost: { state: ContainerState; note: ListenerNote }[] = [];
    for (const [key, { state, note }] of [...this.parts.book]) {
      if (this.held.has(key)) continue;
      if (note !== undefined) lost.push({ state, note });
      this.parts.book.delete(key);
    }
    return lost;
  }

  private died(child: Child): void {
    this.children.delete(child.id);
    if (this.isStopping) return;
    this.parts.world.step(this.process, 'keeper', 'supervisor-died', null, () => {
      const livedMs = (this.parts.world.nowUs - child.startedAtUs) / 1_000;
      this.obey(this.supervision.died(child.id, livedMs, 'it was killed by SIGKILL', true));
      return child.id;
    });
  }

  /** A descriptor of the listener and what is known of it, on their way to a supervisor. */
  private give(child: Child, { key, descriptor, state, origin, note }: Held): void {
    const listener = this.process.table.at(descriptor);
    if (!(listener instanceof ListenerEnd) || !child.process.alive) return;
    // In a socket's buffer it is open, too.
    listener.refer();
    child.sent.add(key);
    child.process.whenDead.push(() => {
      if (child.sent.delete(key)) listener.release();
    });
    this.send(child, () => {
      if (!child.sent.delete(key)) return;
      const own = child.process.table.add(listener, true);
      listener.release();
      const noted = note === undefined ? {} : { note };
      child.supervisor.offer({ key, state, origin, descriptor: own, ...noted });
    });
  }

  private giveToAll(kept: Held): void {
    for (const child of this.children.values()) this.give(child, kept);
  }

  private linkOf(id: number): SupervisorLink {
    // What is said by promises of a process that has just died is said by nobody.
    const tell = (run: () => void): void => {
      if (this.children.get(id)?.process.alive === true) this.message(run);
    };
    return {
      ready: () => undefined,
      active: () => undefined,
      note: (key, note) => tell(() => this.noteListener(key, note)),
      refused: (key) => tell(() => this.drop(key)),
    };
  }

  private noteListener(key: number, note: ListenerNote): void {
    const kept = this.held.get(key);
    if (kept === undefined) return;
    kept.note = note;
    this.parts.book.set(key, { state: kept.state, note });
    for (const child of this.children.values()) this.send(child, () => child.supervisor.note(key, note));
  }

  /** Something arrives at the keeper; what a child had sent before it died arrives as well. */
  private message(run: () => void): void {
    this.parts.world.later(this.process, ...messageUs, run);
  }

  private send(child: Child, run: () => void): void {
    this.parts.world.later(child.process, ...messageUs, run);
  }
}
