import type { ChainCast } from '../../actors/chain/chain-cast.js';
import type { Invariant } from '../invariant.js';
import { isPayloadLeft, serving } from './one-serves.js';
import { forbidden } from './permitted.js';

/** The strategies that this machine and this pod have all for, in the policy's order. */
function able({ parts }: ChainCast): string[] {
  const { machine, pod } = parts;
  const policy = parts.policyNow();
  const { effective } = machine.brokerThread();
  const canNotify = pod.hasProfile && machine.notifierObstacle() === undefined;
  const can: Readonly<Record<string, boolean>> = {
    'seccomp-notify': canNotify,
    'file-handle': canNotify,
    'sidecar-caps': pod.hasSidecar && effective !== 0n,
    dispatcher: machine.joinObstacle() === undefined && parts.scenario.dispatch.program === 'there',
  };
  return policy.strategies.filter((name) => can[name] === true && forbidden(name, policy) === undefined);
}

/** By what the first of these serves that has not failed; '' where there is none. */
function wayOf(names: readonly string[], failed: ReadonlySet<string>): string {
  const expected = names.find((name) => !failed.has(name));
  const isListener = expected === 'seccomp-notify' || expected === 'file-handle';
  return isListener ? 'listener' : (expected ?? '');
}

/** What failed, as different people know it. */
class Failures {
  private admitted = '';
  private controller = '';
  readonly all = new Set<string>();
  /** What the engine tells of, and remembers until the target's next start. */
  private readonly told = new Set<string>();
  /** Whoever comes after a death does not know what failed before, and may try that again. */
  private readonly toldHere = new Set<string>();

  note(actor: string, name: string, { strategy, code }: Readonly<Record<string, unknown>>): void {
    if (name === 'delegation.admitted') this.admitted = strategy as string;
    const fellBack = name === 'delegation.fellback';
    // One that was cut off by a death did not fail.
    const hasFailed = name === 'delegation.failed' && code !== 'DEPUTY_E_DELEGATION_INTERRUPTED';
    if (fellBack || hasFailed) this.all.add(this.admitted);
    if (!fellBack) return;
    this.told.add(this.admitted);
    this.toldHere.add(this.admitted);
    this.controller = actor;
  }

  act(actor: string): void {
    if (actor !== this.controller) this.toldHere.clear();
  }

  get views(): readonly ReadonlySet<string>[] {
    return [this.all, this.told, this.toldHere];
  }
}

/**
 * Liveness: at the end the target is served by the first strategy that can and may; a failure in between is a
 * reason to take one behind it. Not judged where the policy is read again: that is for later starts.
 */
export const firstThatCan: Invariant = {
  id: 'first-that-can',
  sentence: 'In the end the first strategy serves that can and may, and none only if there is none.',
  begin: (stage, broken) => {
    const failures = new Failures();
    return {
      noted: (actor, name, detail) => failures.note(actor, name, detail),
      stepped: ({ kind, process }) => {
        if (kind === 'deputy') failures.act(process.actor);
      },
      finished: () => {
        const { chain, scenario } = stage();
        const isAlive = chain.container?.current.init.process.alive === true;
        if (!isAlive || scenario.chain.reloads.length > 0) return;
        // A payload that a dead engine left is nobody's any more: see one-serves.
        const isLeft = isPayloadLeft(chain);
        const all = serving(chain);
        const served = all.filter((one) => !isLeft || all.length === 1 || one !== 'dispatcher').join();
        const wanted = failures.views.map((failed) => wayOf(able(chain), failed));
        if (!wanted.includes(served)) broken({ served, wanted, failed: [...failures.all] });
      },
    };
  },
};
