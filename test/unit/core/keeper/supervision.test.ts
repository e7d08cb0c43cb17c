import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HostState,
  Supervision,
  type SupervisionEffect,
  type SupervisionLimits,
} from '../../../../core/keeper/supervision.js';

const limits: SupervisionLimits = {
  missedLooks: 3,
  endingLooks: 2,
  starvedLooks: 8,
  startLooks: 12,
  promptRestarts: 3,
  firstDelayMs: 50,
  longestDelayMs: 1_000,
  steadyMs: 1_000,
};

/** The processes that a keeper would have: it does what it is told, and knows what must not be. */
class World {
  readonly supervision: Supervision;
  /** Living processes: ready or not, and how many signs of life they gave. */
  readonly living = new Map<number, { beats: number; ready: boolean; killed: boolean }>();
  readonly delays: number[] = [];
  readonly kills: { id: number; reason: string }[] = [];
  readonly activations: { id: number; reason: string }[] = [];
  pendingSpawns = 0;
  readonly hurried: number[] = [];
  failing = 0;
  stopped = false;
  active: number | undefined;
  private nextId = 1;

  constructor(readonly wantsStandby = true) {
    this.supervision = new Supervision(limits, wantsStandby);
    this.obey(this.supervision.begin());
  }

  obey(effects: readonly SupervisionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'spawn') {
        expect(this.stopped).toBe(false);
        expect(effect.delayMs).toBeLessThanOrEqual(limits.longestDelayMs);
        this.delays.push(effect.delayMs);
        this.pendingSpawns++;
      } else if (effect.kind === 'activate') {
        expect(this.stopped).toBe(false);
        // One that was killed never runs again; any other active one would make two.
        const former = this.active === undefined ? undefined : this.living.get(this.active);
        expect(former === undefined || former.killed).toBe(true);
        expect(this.living.get(effect.id)).toMatchObject({ ready: true, killed: false });
        this.active = effect.id;
        this.activations.push({ id: effect.id, reason: effect.reason });
      } else if (effect.kind === 'kill') {
        const one = this.living.get(effect.id);
        expect(one?.killed).toBe(false);
        if (one !== undefined) one.killed = true;
        this.kills.push({ id: effect.id, reason: effect.reason });
      } else if (effect.kind === 'hurry') {
        // Only while nobody serves, and only one that is on its way.
        expect(this.supervision.activeId).toBeUndefined();
        expect(this.living.get(effect.id)).toMatchObject({ ready: false });
        this.hurried.push(effect.id);
      } else {
        this.failing++;
      }
    }
  }

  /** A process that was asked for is started. */
  start(): number | undefined {
    if (this.pendingSpawns === 0 || this.stopped) return undefined;
    this.pendingSpawns--;
    const id = this.nextId++;
    this.living.set(id, { beats: 0, ready: false, killed: false });
    this.supervision.started(id);
    return id;
  }

  ready(id: number): void {
    const one = this.living.get(id);
    if (one === undefined || one.killed) return;
    one.ready = true;
    this.obey(this.supervision.ready(id));
  }

  die(id: number, livedMs = 0): void {
    if (!this.living.delete(id)) return;
    if (this.active === id) this.active = undefined;
    this.obey(this.supervision.died(id, livedMs, 'it was killed by SIGKILL'));
  }

  /** A look for which all but `silent` gave a sign of life. */
  look(silent: ReadonlySet<number> = new Set(), wantsToRun: (id: number) => boolean = () => false): void {
    for (const [id, one] of this.living) if (!silent.has(id) && !one.killed) one.beats++;
    const beats = new Map([...this.living].map(([id, one]) => [id, one.beats]));
    const stateOf = (id: number): HostState => (wantsToRun(id) ? 'runnable' : 'waiting');
    this.obey(this.supervision.look(beats, stateOf));
  }

  stop(): number | undefined {
    this.stopped = true;
    return this.supervision.stop();
  }

  startAndReady(): number {
    const id = this.start() as number;
    this.ready(id);
    return id;
  }

  get wellIds(): number[] {
    return [...this.living].filter(([, { killed }]) => !killed).map(([id]) => id);
  }
}

describe('supervision', () => {
  test('the first one is activated before a standby is started', () => {
    const world = new World();
    expect(world.pendingSpawns).toBe(1);
    const first = world.start() as number;
    expect(world.pendingSpawns).toBe(0);
    world.ready(first);
    expect(world.active).toBe(first);
    expect(world.pendingSpawns).toBe(1);
    const second = world.startAndReady();
    expect(world.active).toBe(first);
    expect(world.supervision.phaseOf(second)).toBe('standby');
  });

  test('none is kept warm where none is wanted', () => {
    const world = new World(false);
    const first = world.startAndReady();
    expect(world.pendingSpawns).toBe(0);
    world.die(first);
    expect(world.pendingSpawns).toBe(1);
  });

  test('the standby follows at once when the active one dies, and the reason is said', () => {
    const world = new World();
    const first = world.startAndReady();
    const second = world.startAndReady();
    world.die(first);
    expect(world.activations.at(-1)).toEqual({
      id: second,
      reason: 'the active supervisor ended: it was killed by SIGKILL',
    });
    expect(world.pendingSpawns).toBe(1);
  });

  test('a standby that is on its way is told to hurry when nobody else is ready, and only then', () => {
    const world = new World();
    const first = world.startAndReady();
    const second = world.start() as number;
    expect(world.hurried).toEqual([]);
    world.die(first);
    expect(world.hurried).toEqual([second]);
    world.ready(second);
    expect(world.active).toBe(second);
    const third = world.startAndReady();
    world.start();
    world.die(second);
    expect(world.active).toBe(third);
    expect(world.hurried).toEqual([second]);
  });

  test('a hung active one is killed, and followed one look later though its exit never comes', () => {
    const world = new World();
    const first = world.startAndReady();
    const second = world.startAndReady();
    const silent = new Set([first]);
    for (let look = 1; look < limits.missedLooks; look++) world.look(silent);
    expect(world.kills).toEqual([]);
    world.look(silent);
    expect(world.kills).toEqual([{ id: first, reason: 'it showed no sign of life' }]);
    expect(world.active).toBe(first);
    world.look(silent);
    expect(world.active).toBe(second);
    expect(world.activations.at(-1)?.reason).toContain('it showed no sign of life');
    // Its exit, at last, changes nothing.
    world.die(first);
    expect(world.activations).toHaveLength(2);
  });

  test('an active and a standby that hang together are both replaced', () => {
    const world = new World();
    const both = new Set([world.startAndReady(), world.startAndReady()]);
    for (let look = 0; look <= limits.missedLooks; look++) world.look(both);
    expect(world.kills.map(({ id }) => id)).toEqual([...both]);
    const third = world.startAndReady();
    expect(world.active).toBe(third);
  });

  test('one that never gets ready is killed after its time, not sooner', () => {
    const world = new World();
    const first = world.start() as number;
    const silent = new Set([first]);
    for (let look = 1; look < limits.startLooks; look++) world.look(silent);
    expect(world.kills).toEqual([]);
    world.look(silent);
    expect(world.kills).toEqual([{ id: first, reason: 'it did not get ready' }]);
    world.look(silent);
    expect(world.pendingSpawns).toBe(1);
  });

  test('one that wants to run and gets no processor has longer', () => {
    const world = new World();
    const first = world.startAndReady();
    const silent = new Set([first]);
    for (let look = 1; look < limits.starvedLooks; look++) world.look(silent, () => true);
    expect(world.kills).toEqual([]);
    world.look(silent, () => true);
    expect(world.kills.map(({ id }) => id)).toEqual([first]);
  });

  test('what was missed while the host itself stood still is forgiven', () => {
    const world = new World();
    const first = world.startAndReady();
    const silent = new Set([first]);
    for (let round = 0; round < 10; round++) {
      for (let look = 1; look < limits.missedLooks; look++) world.look(silent);
      world.supervision.forgive();
    }
    expect(world.kills).toEqual([]);
  });

  test('deaths in a row: prompt at first, then ever later up to a bound, and said once', () => {
    const world = new World(false);
    for (let round = 0; round < 30; round++) world.die(world.startAndReady());
    const [, ...restarts] = world.delays;
    expect(restarts.slice(0, limits.promptRestarts)).toEqual([0, 0, 0]);
    expect(restarts.slice(limits.promptRestarts, 8)).toEqual([100, 200, 400, 800, 1_000]);
    expect(restarts.at(-1)).toBe(limits.longestDelayMs);
    expect(world.failing).toBe(1);
    // One that lived well begins a new row.
    world.die(world.startAndReady(), limits.steadyMs);
    expect(world.delays.at(-1)).toBe(0);
  });

  test('supervisors that die of being activated are not restarted in haste because a standby is there', () => {
    const world = new World();
    world.startAndReady();
    for (let round = 0; round < 30; round++) {
      const { active } = world;
      if (active !== undefined) world.die(active);
      else world.startAndReady();
    }
    expect(world.failing).toBe(1);
    expect(world.delays.at(-1)).toBe(limits.longestDelayMs);
  });

  test('after stop() nothing is started or activated, and a silent one is left to finish', () => {
    const world = new World();
    const first = world.startAndReady();
    const second = world.startAndReady();
    expect(world.stop()).toBe(first);
    for (let look = 0; look < 50; look++) world.look(new Set([first, second]));
    world.die(first);
    world.die(second);
    expect(world.kills).toEqual([]);
  });

  test('word of one that is not known, or that was ready before, changes nothing', () => {
    const world = new World();
    const first = world.startAndReady();
    expect(world.supervision.ready(first)).toEqual([]);
    expect(world.supervision.ready(99)).toEqual([]);
    expect(world.supervision.died(99, 0, 'nobody')).toEqual([]);
    expect(world.active).toBe(first);
  });
});

type Step =
  | { readonly kind: 'start' }
  | { readonly kind: 'ready'; readonly pick: number }
  | { readonly kind: 'die'; readonly pick: number; readonly livedMs: number }
  | { readonly kind: 'look'; readonly silent: number; readonly starved: number }
  | { readonly kind: 'forgive' }
  | { readonly kind: 'stop' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'start' } as const) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ready' as const), pick: fc.nat(7) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('die' as const),
      pick: fc.nat(7),
      livedMs: fc.constantFrom(0, 1, limits.steadyMs),
    }),
  },
  // Bits say who is silent, and who of those wants to run.
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('look' as const),
      silent: fc.constantFrom(0, 1, 2, 3, 7, 15),
      starved: fc.constantFrom(0, 0, 1, 2, 15),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'forgive' } as const) },
);

/** Runs steps, and checks after each what a keeper relies on. */
function run(world: World, steps: readonly Step[]): void {
  const missed = new Map<number, number>();
  for (const one of steps) {
    const ids = [...world.living.keys()];
    const picked = 'pick' in one && ids.length > 0 ? ids[one.pick % ids.length] : undefined;
    const wasKilled = world.active !== undefined && world.living.get(world.active)?.killed === true;
    const standbys = ids.filter((id) => world.supervision.phaseOf(id) === 'standby');
    const killsBefore = world.kills.length;
    if (one.kind === 'start') world.start();
    else if (one.kind === 'stop') world.stop();
    else if (one.kind === 'forgive') {
      world.supervision.forgive();
      missed.clear();
    } else if (one.kind === 'ready' && picked !== undefined) {
      if (world.living.get(picked)?.ready === false) missed.delete(picked);
      world.ready(picked);
    } else if (one.kind === 'die' && picked !== undefined) world.die(picked, one.livedMs);
    else if (one.kind === 'look') {
      const silent = new Set(ids.filter((_, index) => (one.silent >> index) & 1));
      const starved = new Set(ids.filter((_, index) => (one.starved >> index) & 1));
      for (const id of ids) missed.set(id, silent.has(id) ? (missed.get(id) ?? 0) + 1 : 0);
      world.look(silent, (id) => starved.has(id));
      const killed = new Set(world.kills.slice(killsBefore).map(({ id }) => id));
      for (const id of killed) {
        const looks = missed.get(id) ?? 0;
        expect(looks).toBeGreaterThanOrEqual(starved.has(id) ? limits.starvedLooks : limits.missedLooks);
      }
      // One look after the active one was killed its successor is there, if any is well.
      if (wasKilled && !world.stopped && standbys.some((id) => !killed.has(id))) {
        expect(world.living.get(world.active as number)?.killed).toBe(false);
      }
    }
    expect(world.supervision.activeId).toBe(
      world.active !== undefined && !world.living.get(world.active)?.killed ? world.active : undefined,
    );
    // Never more than are wanted: an active one and its standby.
    expect(world.wellIds.length + world.pendingSpawns).toBeLessThanOrEqual(world.wantsStandby ? 2 : 1);
  }
}

/** From here on all goes well: nobody is silent, and who is asked for gets ready. */
function settle(world: World): void {
  for (let round = 0; round < 10; round++) {
    while (world.start() !== undefined);
    for (const [id, { ready }] of world.living) if (!ready) world.ready(id);
    world.look();
  }
}

describe('supervision, whatever happens', () => {
  test('never two at work, and in the end as many as are wanted', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.boolean(), (steps, wantsStandby) => {
        const world = new World(wantsStandby);
        run(world, steps);
        settle(world);
        expect(world.active).toBeDefined();
        expect(world.living.get(world.active as number)).toMatchObject({ ready: true, killed: false });
        expect(world.wellIds).toHaveLength(wantsStandby ? 2 : 1);
        expect(world.pendingSpawns).toBe(0);
      }),
      { numRuns: 1_500 },
    );
  });

  test('nothing begins after stop()', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 60 }), (before, after) => {
        const world = new World();
        run(world, before);
        const { active } = world;
        const stays = active !== undefined && !world.living.get(active)?.killed;
        expect(world.stop()).toBe(stays ? active : undefined);
        const known = [world.activations.length, world.delays.length];
        run(world, after);
        expect([world.activations.length, world.delays.length]).toEqual(known);
      }),
      { numRuns: 500 },
    );
  });

  test('however often they die, another start follows, within a bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.constantFrom(0, 1, 999)), { minLength: 8, maxLength: 80 }),
        fc.boolean(),
        (deaths, wantsStandby) => {
          const world = new World(wantsStandby);
          let spawned = 0;
          for (const [getsReady, livedMs] of deaths) {
            const id = world.start() ?? world.wellIds[0];
            expect(id).toBeDefined();
            if (getsReady) world.ready(id as number);
            spawned = world.delays.length;
            world.die(id as number, livedMs);
            expect(world.wellIds.length + world.pendingSpawns).toBeGreaterThan(0);
          }
          expect(spawned).toBeGreaterThan(0);
          expect(world.failing).toBe(1);
          if (!wantsStandby) expect(world.delays.at(-1)).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
