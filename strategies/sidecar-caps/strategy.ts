import { deputyError } from '../../core/errors/deputy-error.js';
import type { Counts } from '../../core/events/vocabulary.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { BrokerHost, BrokerSession } from '../../core/ports/broker.js';
import type { EstablishContext, Establishment, Strategy } from '../../core/ports/strategy.js';
import type { HandleUse } from '../../core/request/handle-use.js';
import { runBrokerSteps } from './steps.js';

/** A broker at work: one way in, its socket. */
class Brokered implements Establishment {
  readonly entries = 1;

  constructor(
    private readonly session: BrokerSession,
    private readonly delegationId: string,
  ) {}

  async join(): Promise<void> {
    throw deputyError('DEPUTY_E_LISTENER_INVALID', { detail: 'a broker takes no listeners' });
  }

  setPolicy(policy: ResolvedPolicy): void {
    this.session.setPolicy(policy);
  }

  counts(): Counts {
    return this.session.counts(this.delegationId);
  }

  use(): HandleUse | undefined {
    return this.session.useOf(this.delegationId);
  }

  release(): Promise<void> {
    return this.session.stop();
  }
}

async function establish(host: BrokerHost, context: EstablishContext): Promise<Establishment> {
  const { delegationId, policy, hooks } = context;
  const session = host.open();
  const attachment = { delegationId, policy };
  try {
    await runBrokerSteps({ session, attachment, user: host.user, serving: hooks.serving }, (step, evidence) =>
      hooks.stepped?.(step, evidence),
    );
  } catch (error) {
    await session.stop();
    throw error;
  }
  return new Brokered(session, delegationId);
}

/** Why a policy can't be kept by a broker: it has nothing to offer but sealed handles. */
function unfitFor({ confinement }: ResolvedPolicy): string | undefined {
  if (confinement === 'sealed') return undefined;
  return `a broker opens sealed handles only, and the policy says \`confinement: ${confinement}\``;
}

/**
 * The sidecar-caps strategy: a process beside the target, with the target's user and CAP_DAC_READ_SEARCH
 * alone, names and opens files for it and passes the descriptors over a unix socket.
 */
export function sidecarCaps(options: { readonly broker: BrokerHost }): Strategy {
  return {
    name: 'sidecar-caps',
    needs: {
      capabilities: ['CAP_DAC_READ_SEARCH'],
      syscalls: ['open_by_handle_at', 'name_to_handle_at', 'sendmsg', 'recvmsg'],
      ports: ['BrokerHost', 'RequestKernel', 'SealKeys'],
    },
    // It passes O_PATH descriptors as they are, so both values of `opath` mean the exact one.
    enforces: ['syscalls', 'shares', 'filesystems', 'confinement', 'dac', 'opath', 'record'],
    unfitFor,
    async assess(_target, policy) {
      const unfit = unfitFor(policy);
      return { possible: unfit === undefined, reasons: unfit === undefined ? [] : [unfit] };
    },
    establish: (context) => establish(options.broker, context),
  };
}
