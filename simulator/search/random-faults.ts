import type { Fault, FaultTrigger, FaultyActor, Moment } from '../faults/fault-schema.js';
import { misfitOf } from '../faults/fitting-faults.js';
import { Generator } from '../random/generator.js';
import { plausibleErrnos } from './plausible-errnos.js';
import type { Profile, StepOfProfile } from './profile.js';

const moments: readonly Moment[] = ['before', 'inside', 'after'];
const SIGCONT = 18;
const SIGSTOP = 19;
const dayMs = 86_400_000;
const maximumFaults = 5;
const fileTroubles = ['disconnect', 'duplicate', 'delay'] as const;
const streamTroubles = [...fileTroubles, 'leader-change', 'full'] as const;

/** Makes one thing that goes wrong; empty where this scenario has no such thing. */
type Maker = (draw: Draw) => readonly Fault[];

/** How often each kind is drawn; a further kind is a line here. */
const makers: readonly (readonly [weight: number, make: Maker])[] = [
  [30, crashAtStep],
  [10, crashAtPoint],
  [12, crashOfActor],
  [6, crashByChance],
  [6, hang],
  [4, storm],
  [9, errno],
  [6, slow],
  [8, signal],
  [4, stopAndGo],
  [3, (draw) => [{ kind: 'target-death', target: draw.target(), ...draw.place() }]],
  [2, (draw) => [{ kind: 'pid-reuse', target: draw.target(), ...draw.place() }]],
  [3, (draw) => [{ kind: 'pod-restart', target: draw.target(), ...draw.place() }]],
  [6, storeTrouble],
  [2, powerLoss],
  [2, (draw) => [{ kind: 'disk-full', when: draw.time(), forUs: draw.random.between(1_000, 3_000_000) }]],
  [2, (draw) => [{ kind: 'clock-jump', when: draw.time(), byMs: draw.random.between(-dayMs, dayMs) }]],
  [3, (draw) => (draw.profile.setup.keeper ? [{ kind: 'replace', ...draw.place() }] : [])],
];
const totalWeight = makers.reduce((sum, [weight]) => sum + weight, 0);

/**
 * What a seed adds to a scenario: one to five things, of those that this scenario and its setup can meet and
 * that all invariants shall survive. The same profile and seed always give the same.
 */
export function randomFaults(profile: Profile, seed: string | bigint): Fault[] {
  const random = new Generator(BigInt(seed)).fork('random-faults');
  const draw = new Draw(profile, random);
  const { strategy } = profile.setup;
  const faults: Fault[] = [];
  do {
    faults.push(...pick(random)(draw).filter((fault) => misfitOf(fault, strategy) === undefined));
  } while (faults.length < maximumFaults && random.chance(0.55));
  return faults;
}

function pick(random: Generator): Maker {
  let left = random.below(totalWeight);
  for (const [weight, make] of makers) {
    left -= weight;
    if (left < 0) return make;
  }
  return crashAtStep;
}

/** Draws places and names of a profile. */
class Draw {
  constructor(
    readonly profile: Profile,
    readonly random: Generator,
  ) {}

  one<Item>(items: readonly Item[]): Item {
    return items[this.random.below(items.length)] as Item;
  }

  target(): string {
    return this.one(this.profile.targets).name;
  }

  time(): { atUs: number } {
    return { atUs: this.random.below(Math.ceil(this.profile.timeUs * 1.1) + 1) };
  }

  /** At a step by its name: also one more time than was seen, for what other faults add. */
  at({ name, count }: StepOfProfile): FaultTrigger {
    return { step: name, occurrence: this.random.between(1, count + 1) };
  }

  step(): StepOfProfile {
    return this.one(this.profile.steps);
  }

  place(): { when: FaultTrigger; moment: Moment } {
    const isAtStep = this.random.chance(0.7) && this.profile.steps.length > 0;
    const when = isAtStep ? this.at(this.step()) : this.time();
    return { when, moment: this.one(moments) };
  }

  /** Processes of this setup. */
  actor(): FaultyActor {
    const { strategy, keeper, standby, injector, serviceManager } = this.profile.setup;
    if (strategy === 'dispatcher')
      return this.one(['deputy', 'deputy', 'shim', 'joiner', 'payload'] as const);
    const actors: FaultyActor[] = ['supervisor', 'supervisor'];
    if (keeper && standby) actors.push('standby');
    // Without a service manager nobody starts a keeper again, and all that it held is lost: by design.
    if (keeper && serviceManager) actors.push('keeper');
    if (injector) actors.push('injector');
    return this.one(actors);
  }
}

function crashAtStep(draw: Draw): Fault[] {
  // Where nothing is begun there is nobody to die.
  if (draw.profile.steps.length === 0) return [];
  const step = draw.step();
  if (step.kind === 'keeper' && !draw.profile.setup.serviceManager) return [];
  return [{ kind: 'crash', when: draw.at(step), moment: draw.one(moments) }];
}

function crashAtPoint(draw: Draw): Fault[] {
  if (!draw.profile.setup.serviceManager) return crashAtStep(draw);
  const when = { point: draw.random.below(Math.ceil(draw.profile.points * 1.2)) };
  return [{ kind: 'crash', when, moment: draw.one(moments) }];
}

function crashOfActor(draw: Draw): Fault[] {
  return [{ kind: 'crash', actor: draw.actor(), ...draw.place() }];
}

function crashByChance(draw: Draw): Fault[] {
  const probability = 1 / draw.random.between(20, 2_000);
  const by = draw.profile.setup.strategy === 'dispatcher' ? 'deputy' : 'supervisor';
  const when = { probability, by, limit: draw.random.between(1, 12) } as const;
  return [{ kind: 'crash', when, moment: draw.one(moments) }];
}

function hang(draw: Draw): Fault[] {
  const actor = draw.actor();
  const { when } = draw.place();
  const forUs = draw.random.between(1_000, 4_000_000);
  // Only an active supervisor is watched: anybody else goes on after a while.
  const { keeper, strategy } = draw.profile.setup;
  const isWatched = actor === 'supervisor' && keeper && strategy === 'seccomp-notify';
  return [{ kind: 'hang', actor, when, ...(isWatched && draw.random.chance(0.6) ? {} : { forUs }) }];
}

function storm(draw: Draw): Fault[] {
  const count = draw.random.between(2, 8);
  const everyUs = draw.random.between(1_000, 400_000);
  return [{ kind: 'storm', actor: draw.actor(), count, everyUs, when: draw.place().when }];
}

function errno(draw: Draw): Fault[] {
  const steps = draw.profile.steps.filter(({ name }) => plausibleErrnos[name] !== undefined);
  if (steps.length === 0) return [];
  const step = draw.one(steps);
  return [{ kind: 'errno', when: draw.at(step), errno: draw.one(plausibleErrnos[step.name] ?? ['EIO']) }];
}

function slow(draw: Draw): Fault[] {
  const steps = draw.profile.steps.filter(({ kind }) => kind === 'supervisor');
  if (steps.length === 0) return [];
  return [{ kind: 'slow', when: draw.at(draw.one(steps)), byUs: draw.random.between(100, 3_000_000) }];
}

/**
 * A signal that its program handles. Only where the wait is killable: without that a signal between the last
 * two steps of an answer leaves a descriptor behind when its supervisor dies there too, as README says.
 */
function signal(draw: Draw): Fault[] {
  const handling = draw.profile.targets.filter(
    ({ handlers, killable }) => killable && Object.keys(handlers).length > 0,
  );
  if (handling.length === 0) return [];
  const { name, handlers } = draw.one(handling);
  return [{ kind: 'signal', target: name, signal: Number(draw.one(Object.keys(handlers))), ...draw.place() }];
}

/** SIGSTOP, and SIGCONT some time later. */
function stopAndGo(draw: Draw): Fault[] {
  const killable = draw.profile.targets.filter((target) => target.killable);
  if (killable.length === 0) return [];
  const { atUs } = draw.time();
  const target = draw.one(killable).name;
  const goesOn = { atUs: atUs + draw.random.between(10, 500_000) };
  return [
    { kind: 'signal', target, signal: SIGSTOP, when: { atUs }, moment: 'before' },
    { kind: 'signal', target, signal: SIGCONT, when: goesOn, moment: 'before' },
  ];
}

function storeTrouble(draw: Draw): Fault[] {
  const isStream = draw.profile.setup.store === 'jetstream';
  const trouble = draw.one(isStream ? streamTroubles : fileTroubles);
  const forUs = draw.random.between(1_000, 1_500_000);
  return [{ kind: 'store', trouble, forUs, count: draw.random.between(1, 10), ...draw.place() }];
}

/** A store loses what it acknowledged when its machine does, and then the supervisor is gone, too. */
function powerLoss(draw: Draw): Fault[] {
  const when = draw.time();
  const count = draw.random.between(1, 20);
  return [
    { kind: 'crash', actor: 'supervisor', when, moment: 'before' },
    { kind: 'store', trouble: 'lose-suffix', forUs: 0, count, when, moment: 'before' },
  ];
}
