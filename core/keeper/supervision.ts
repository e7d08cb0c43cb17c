/** What the keeper is to do next. */
export type SupervisionEffect =
  | { readonly kind: 'spawn'; readonly delayMs: number }
  | { readonly kind: 'activate'; readonly id: number; readonly reason: string }
  | { readonly kind: 'kill'; readonly id: number; readonly reason: string }
  /** Nobody serves, and nobody is ready to: a new one is to leave out what serving doesn't take. */
  | { readonly kind: 'hurry'; readonly id: number }
  /** Deaths follow each other so closely that something is wrong for good; restarts go on, slowly. */
  | { readonly kind: 'failing'; readonly deaths: number };

/**
 * What the host's kernel says of a process: it would run if it were let, it has died but for threads that the
 * kernel keeps, or neither.
 */
export type HostState = 'runnable' | 'ending' | 'waiting';

/** Limits of restarts and of patience. */
export interface SupervisionLimits {
  /** Looks in a row without a sign of life after which a supervisor counts as hung. */
  readonly missedLooks: number;
  /** The same for one that has died, and that the kernel keeps in a target's file system. */
  readonly endingLooks: number;
  /** The same for one that wants to run, and waits for a processor. */
  readonly starvedLooks: number;
  /** Looks that a new supervisor gets to become ready. */
  readonly startLooks: number;
  /** Deaths in a row after which restarts are made with ever longer pauses. */
  readonly promptRestarts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A supervisor that lived this long was well, as was one that was ready and killed: a new row begins. */
  readonly steadyMs: number;
}

type Phase = 'starting' | 'standby' | 'active' | 'killed';

interface Supervised {
  phase: Phase;
  wasActive: boolean;
  beats: number;
  missed: number;
}

/**
 * The keeper's decisions about supervisors, without a clock, a process or a timer of its own: it is told what
 * happened, and says what to do. It never looks at a request.
 */
export class Supervision {
  private readonly supervised = new Map<number, Supervised>();
  private spawning = 0;
  private deathsInRow = 0;
  private reason = 'the agent started';
  private stopping = false;

  constructor(
    private readonly limits: SupervisionLimits,
    private readonly wantsStandby: boolean,
  ) {}

  begin(): SupervisionEffect[] {
    return this.spawnMissing();
  }

  /** A supervisor's process was started. */
  started(id: number): void {
    this.spawning--;
    this.supervised.set(id, { phase: 'starting', wasActive: false, beats: 0, missed: 0 });
  }

  /** It has prepared itself: it serves, or waits for its turn. */
  ready(id: number): SupervisionEffect[] {
    const one = this.supervised.get(id);
    if (one?.phase !== 'starting') return [];
    one.phase = 'standby';
    one.missed = 0;
    return [...this.activateOne(), ...this.spawnMissing()];
  }

  /** Its process has ended. `how` is for people; `wasKilled`: by SIGKILL, so that it may have been well. */
  died(id: number, livedMs: number, how: string, wasKilled = false): SupervisionEffect[] {
    const one = this.supervised.get(id);
    if (one === undefined) return [];
    this.supervised.delete(id);
    if (this.stopping) return [];
    const wasWell = one.phase !== 'starting' && (wasKilled || livedMs >= this.limits.steadyMs);
    this.deathsInRow = wasWell ? 1 : this.deathsInRow + 1;
    if (one.phase === 'active') this.reason = `the active supervisor ended: ${how}`;
    const failing = this.deathsInRow === this.limits.promptRestarts + 1;
    return [
      ...this.activateOne(),
      ...this.hurryAll(),
      ...this.spawnMissing(),
      ...(failing ? [{ kind: 'failing', deaths: this.deathsInRow } as const] : []),
    ];
  }

  /**
   * Looks at all signs of life, `beats` by supervisor; `stateOf` says how it is with one without. One
   * that SIGKILL has reached never runs again: one look later its successor takes over, gone or not.
   */
  look(
    beats: ReadonlyMap<number, number>,
    stateOf: (id: number) => HostState = () => 'waiting',
  ): SupervisionEffect[] {
    const effects: SupervisionEffect[] = [];
    for (const [id, one] of this.supervised) {
      const seen = beats.get(id) ?? 0;
      one.missed = seen === one.beats ? one.missed + 1 : 0;
      one.beats = seen;
      if (one.phase === 'killed' || this.stopping) continue;
      const limit = one.phase === 'starting' ? this.limits.startLooks : this.limits.missedLooks;
      if (one.missed < Math.min(limit, this.limits.endingLooks)) continue;
      const state = stateOf(id);
      if (one.missed < limit && (state !== 'ending' || one.phase === 'starting')) continue;
      if (one.missed < this.limits.starvedLooks && state === 'runnable') continue;
      const reason = one.phase === 'starting' ? 'it did not get ready' : 'it showed no sign of life';
      if (one.phase === 'active') this.reason = `the active supervisor was killed: ${reason}`;
      one.phase = 'killed';
      effects.push({ kind: 'kill', id, reason });
    }
    if (effects.length > 0) return effects;
    return [...this.activateOne(), ...this.spawnMissing()];
  }

  /** The host's own delays are nobody's fault: what was missed until now doesn't count. */
  forgive(): void {
    for (const one of this.supervised.values()) one.missed = 0;
  }

  /** Ends: the active one finishes, nobody follows. */
  stop(): number | undefined {
    this.stopping = true;
    return this.activeId;
  }

  get activeId(): number | undefined {
    return [...this.supervised].find(([, { phase }]) => phase === 'active')?.[0];
  }

  phaseOf(id: number): Phase | undefined {
    return this.supervised.get(id)?.phase;
  }

  private activateOne(): SupervisionEffect[] {
    if (this.stopping || this.activeId !== undefined) return [];
    const next = [...this.supervised].find(([, { phase }]) => phase === 'standby');
    if (next === undefined) return [];
    const [id, one] = next;
    one.phase = 'active';
    one.wasActive = true;
    const { reason } = this;
    return [{ kind: 'activate', id, reason }];
  }

  private hurryAll(): SupervisionEffect[] {
    if (this.activeId !== undefined) return [];
    const starting = [...this.supervised].filter(([, { phase }]) => phase === 'starting');
    return starting.map(([id]) => ({ kind: 'hurry', id }) as const);
  }

  /** In a row of deaths every start waits, whatever it is for: a standby's death may be the next one. */
  private spawnMissing(): SupervisionEffect[] {
    if (this.stopping) return [];
    const delayMs = this.delayMs();
    const living = [...this.supervised.values()].filter(({ phase }) => phase !== 'killed').length;
    // The first one is to serve before a second one takes the processor from it.
    const hasActive = this.activeId !== undefined;
    const wanted = this.wantsStandby && hasActive ? 2 : 1;
    const missing = Math.max(0, wanted - living - this.spawning);
    this.spawning += missing;
    return Array.from({ length: missing }, () => ({ kind: 'spawn', delayMs }) as const);
  }

  private delayMs(): number {
    const late = this.deathsInRow - this.limits.promptRestarts;
    if (late <= 0) return 0;
    return Math.min(this.limits.longestDelayMs, this.limits.firstDelayMs * 2 ** late);
  }
}
