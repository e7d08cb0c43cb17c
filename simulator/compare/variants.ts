import { evaluatePodSecurity } from '../../core/pod-security/evaluate.js';
import { podSecurityLevels } from '../../core/pod-security/policy.js';
import { plainPod } from '../../core/preflight/pod-needs.js';
import { preflightTable } from '../../core/preflight/table.js';
import { type Setup, setupSchema } from '../scenario/scenario-schema.js';

/** Who needs what for it. */
export interface VariantNeeds {
  /** Who holds CAP_DAC_READ_SEARCH, in a few words. */
  readonly holder: string;
  /** That is within the target's pod. */
  readonly isInPod: boolean;
  /** The strictest level of the Pod Security Standards that lets the pod in with what is added to it. */
  readonly level: string;
  /** What has to be done to the target's program. */
  readonly program: string;
}

/** One column of the comparison: a strategy with the processes that keep it. */
export interface Variant {
  readonly id: string;
  /** What stands above the column, a line each. */
  readonly heading: readonly string[];
  readonly sentence: string;
  readonly needs: VariantNeeds;
  readonly setup: Setup;
}

const asItIs = 'as it is';
/** By the strategy that a preflight knows; its pod is judged by the standards themselves. */
const needs = {
  notify: needsOf('seccomp-notify', { holder: 'the agent', isInPod: false, program: asItIs }),
  sidecar: needsOf('sidecar-caps', { holder: 'the sidecar', isInPod: true, program: asItIs }),
  broker: needsOf('sidecar-caps', { holder: 'the sidecar', isInPod: true, program: 'asks a socket' }),
  handles: needsOf('file-handle', { holder: 'the agent', isInPod: false, program: asItIs }),
  payload: needsOf('dispatcher', { holder: 'the payload', isInPod: true, program: asItIs }),
};

function needsOf(strategy: string, known: Omit<VariantNeeds, 'level'>): VariantNeeds {
  const { addToPod = (pod: unknown) => pod } = preflightTable.find((one) => one.strategy === strategy) ?? {};
  const pod = addToPod(plainPod);
  const allowed = podSecurityLevels.filter((level) => evaluatePodSecurity(pod, { level }).allowed);
  return { ...known, level: allowed.at(-1) ?? 'none' };
}

const alone = { keeper: false, standby: false, journal: false, injector: false, serviceManager: false };

/** The settings of seccomp-notify, then each further strategy; a further one is an entry here. */
const variants: readonly (Omit<Variant, 'setup'> & { readonly setup: Partial<Setup> })[] = [
  {
    id: 'classic',
    heading: ['seccomp-notify', 'one process', 'as others do it'],
    sentence: 'One process holds the listener and answers; a service manager starts it again.',
    needs: needs.notify,
    setup: { ...alone },
  },
  {
    id: 'held',
    heading: ['seccomp-notify', 'keeper', 'no journal'],
    sentence: 'Another process holds the listener, but nobody wrote down what was received.',
    needs: needs.notify,
    setup: { ...alone, keeper: true },
  },
  {
    id: 'keeper',
    heading: ['seccomp-notify', 'keeper', 'journal'],
    sentence:
      'A keeper holds the listener, and a successor reads the journal; it is started when it is needed.',
    needs: needs.notify,
    setup: { standby: false, serviceManager: false },
  },
  {
    id: 'standby',
    heading: ['seccomp-notify', 'keeper', '+ standby'],
    sentence: 'As before, and a standby waits, warm.',
    needs: needs.notify,
    setup: { serviceManager: false },
  },
  {
    id: 'service-manager',
    heading: ['seccomp-notify', 'keeper, standby', '+ FDSTORE'],
    sentence: 'As before, and the service manager stores the listeners beyond the keeper.',
    needs: needs.notify,
    setup: {},
  },
  {
    id: 'sidecar-notifier',
    heading: ['sidecar-caps', 'notifier form'],
    sentence: 'The agent is a sidecar; each listener is kept by a process in its target’s own container.',
    needs: needs.sidecar,
    setup: { serviceManager: false, sidecar: true },
  },
  {
    id: 'sidecar-caps',
    heading: ['sidecar-caps', 'broker form'],
    sentence: 'One process beside the target opens files for whoever asks over its socket.',
    needs: needs.broker,
    setup: { strategy: 'sidecar-caps' },
  },
  {
    id: 'file-handle',
    heading: ['file-handle'],
    sentence: 'The kernel opens directories for the target itself, and deputy the rest, by sealed handles.',
    needs: needs.handles,
    setup: { strategy: 'file-handle' },
  },
  {
    id: 'dispatcher',
    heading: ['dispatcher'],
    sentence: 'The strategy dispatcher, with all that keeps it.',
    needs: needs.payload,
    setup: { strategy: 'dispatcher' },
  },
];

/** The columns of a comparison. */
export function compareVariants(): readonly Variant[] {
  const complete = setupSchema.parse({});
  return variants.map((variant) => ({ ...variant, setup: { ...complete, ...variant.setup } }));
}
