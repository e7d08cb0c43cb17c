import { evaluatePodSecurity } from '../../../core/pod-security/evaluate.js';
import type { ResolvedPolicy } from '../../../core/policy/match.js';
import type { BrokerThread } from '../../../core/ports/broker.js';
import type { PreflightFacts, StrategyEntry, TrialResult } from '../../../core/preflight/entry.js';
import { plainPod, withBroker } from '../../../core/preflight/pod-needs.js';
import { type RankedStrategy, rank } from '../../../core/preflight/rank.js';
import { preflightTable } from '../../../core/preflight/table.js';
import { bit, CapabilitySets, capability } from '../../processes/capability-sets.js';
import type { ChainScenario } from '../../scenario/chain-schema.js';

const targetUser = 107;
const readSearch = bit(capability.DAC_READ_SEARCH);

/** A pod as its namespace took it, or would not. */
export interface PodAnswer {
  readonly isAdmitted: boolean;
  /** Strategies that the preflight found possible, best first. */
  readonly possible: readonly string[];
  /** What it was given: a sidecar beside the target, and a profile by which its calls are notified of. */
  readonly hasSidecar: boolean;
  readonly hasProfile: boolean;
  /** Why it is not there, where it is not. */
  readonly reasons: readonly string[];
}

/** What a machine and its cluster let each strategy do: the truth that ports come to know. */
export class ChainMachine {
  private readonly lacks: ReadonlySet<string>;

  constructor(private readonly chain: ChainScenario) {
    this.lacks = new Set(chain.lacks);
  }

  /** Why a listener can't be answered by this process, as its proof shows. */
  notifierObstacle(): string | undefined {
    if (this.lacks.has('notifier')) return 'seccomp(2) is refused here';
    return this.lacks.has('read-search') ? 'it can not open by handle: EPERM' : undefined;
  }

  joinObstacle(): string | undefined {
    return this.lacks.has('join') ? 'setns(2) is refused here: CAP_SYS_ADMIN is missing' : undefined;
  }

  /**
   * The sidecar's serving thread as it begins: root with the capabilities that the runtime left it, the
   * target's user by setresuid(2), and of what it kept the one.
   */
  brokerThread(): BrokerThread {
    const sets = new CapabilitySets();
    const given = [capability.SETUID, capability.SETGID].reduce((mask, number) => mask | bit(number), 0n);
    sets.bounding =
      sets.permitted =
      sets.effective =
        this.lacks.has('sidecar-read-search') ? given : given | readSearch;
    sets.noNewPrivileges = true;
    // PR_SET_KEEPCAPS: without it setresuid(2) takes everything.
    sets.keeps = !this.lacks.has('kept-capabilities');
    sets.setUser(targetUser);
    if (sets.set(readSearch) < 0) sets.set(0n);
    const { effective, permitted, user, noNewPrivileges } = sets;
    return { userIds: [user], effective, permitted, noNewPrivileges, filters: 1, serves: true };
  }

  /** The controller's preflight, the pod that it makes of it, and what the namespace's level says of that. */
  admit(policy: ResolvedPolicy, skipsPreflight: boolean): PodAnswer {
    const { level } = this.chain;
    const { strategies } = rank(this.facts(), policy, { level });
    const possible = strategies.filter(isPossible).map(({ strategy }) => strategy);
    const reasons = strategies.flatMap((one) => one.reasons.map(({ text }) => `${one.strategy}: ${text}`));
    const entries = preflightTable.filter(({ strategy }) => possible.includes(strategy));
    const added = skipsPreflight ? [withBroker] : entries.flatMap((entry) => brokerOf(entry).addToPod ?? []);
    const pod = added.reduce((made, add) => add(made), plainPod);
    const { allowed, violations } = evaluatePodSecurity(pod, { level, source: 'the pod' });
    return {
      isAdmitted: allowed && (possible.length > 0 || skipsPreflight),
      possible,
      hasSidecar: added.includes(withBroker),
      hasProfile: added.some((add) => add !== withBroker),
      reasons: allowed ? reasons : violations.map(({ check }) => `admission: ${check}`),
    };
  }

  /** What its trials show. That a container is given less than its pod says shows in none. */
  private facts(): PreflightFacts {
    const result = (ok: boolean): TrialResult => ({ ok, detail: ok ? 'tried' : 'refused here' });
    const canRead = !this.lacks.has('read-search');
    return {
      inBuild: preflightTable.map(({ strategy }) => strategy),
      trials: {
        notifier: result(!this.lacks.has('notifier')),
        'open-by-handle': result(canRead),
        'become-and-open': result(canRead),
        'join-namespaces': result(!this.lacks.has('join')),
        'payload-programs': result(true),
      },
      latencies: {},
      pods: [{ name: 'the pod', isTemplate: false, pod: plainPod }],
    };
  }
}

/** The sidecar of this model is the broker. */
function isPossible({ possible, forms }: RankedStrategy): boolean {
  return forms === undefined ? possible : forms.some((one) => one.form === 'broker' && one.possible);
}

function brokerOf(entry: StrategyEntry): Pick<StrategyEntry, 'addToPod'> {
  return entry.forms?.find(({ form }) => form === 'broker') ?? entry;
}
