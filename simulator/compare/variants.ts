import { type Setup, setupSchema } from '../scenario/scenario-schema.js';

/** One column of the comparison: a strategy with the processes that keep it. */
export interface Variant {
  readonly id: string;
  /** What stands above the column, a line each. */
  readonly heading: readonly string[];
  readonly sentence: string;
  readonly setup: Setup;
}

const alone = { keeper: false, standby: false, journal: false, injector: false, serviceManager: false };

/** The settings of the keeper that are worth a column, for a strategy that has listeners to be kept. */
const notifySettings: readonly (Omit<Variant, 'setup'> & { readonly setup: Partial<Setup> })[] = [
  {
    id: 'classic',
    heading: ['seccomp-notify', 'one process', 'as others do it'],
    sentence: 'One process holds the listener and answers; a service manager starts it again.',
    setup: { ...alone },
  },
  {
    id: 'held',
    heading: ['seccomp-notify', 'keeper', 'no journal'],
    sentence: 'Another process holds the listener, but nobody wrote down what was received.',
    setup: { ...alone, keeper: true },
  },
  {
    id: 'keeper',
    heading: ['seccomp-notify', 'keeper', 'journal'],
    sentence:
      'A keeper holds the listener, and a successor reads the journal; it is started when it is needed.',
    setup: { standby: false, serviceManager: false },
  },
  {
    id: 'standby',
    heading: ['seccomp-notify', 'keeper', '+ standby'],
    sentence: 'As before, and a standby waits, warm.',
    setup: { serviceManager: false },
  },
  {
    id: 'service-manager',
    heading: ['seccomp-notify', 'keeper, standby', '+ FDSTORE'],
    sentence: 'As before, and the service manager stores the listeners beyond the keeper.',
    setup: {},
  },
  {
    id: 'sidecar-notifier',
    heading: ['sidecar-caps', 'notifier', 'beside the target'],
    sentence: 'The agent is a sidecar; each listener is kept by a process in its target’s own container.',
    setup: { serviceManager: false, sidecar: true },
  },
];

/** The columns: the settings of seccomp-notify, then each further strategy that the simulator has. */
export function compareVariants(): readonly Variant[] {
  const complete = setupSchema.parse({});
  const others = setupSchema.shape.strategy
    .unwrap()
    .options.filter((strategy) => strategy !== 'seccomp-notify' && strategy !== 'auto')
    .map((strategy: Setup['strategy']): Variant => {
      const sentence = `The strategy ${strategy}, with all that keeps it.`;
      return { id: strategy, heading: [strategy], sentence, setup: { ...complete, strategy } };
    });
  const notify = notifySettings.map((variant) => ({ ...variant, setup: { ...complete, ...variant.setup } }));
  return [...notify, ...others];
}
