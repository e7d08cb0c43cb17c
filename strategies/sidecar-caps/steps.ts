import { deputyError } from '../../core/errors/deputy-error.js';
import type { BrokerAttachment, BrokerSession } from '../../core/ports/broker.js';
import { brokerDeviations } from './verify.js';

/** What the steps of one broker know of each other. */
export interface Brokerage {
  readonly session: BrokerSession;
  readonly attachment: BrokerAttachment;
  /** The target's user, which is the broker's, too. */
  readonly user: number;
  /** Called once all is in place, before the first request can be answered. */
  readonly serving: () => void;
}

/** What a step saw, for its event: short texts by name. */
export type Evidence = Readonly<Record<string, string>>;

/** One step: one call of the port, what it showed, and the name of the step that follows. */
export interface BrokerStep {
  readonly name: string;
  readonly act: (brokerage: Brokerage) => Promise<{ readonly evidence: Evidence; readonly next: string }>;
}

/**
 * The steps by which a broker begins. Clients can connect from `listen` on, and wait: nobody is answered
 * before what the process may do was read back from the kernel.
 */
export const brokerSteps: readonly BrokerStep[] = [
  {
    name: 'open-shares',
    act: async ({ session, attachment }) => {
      const shares = session.openShares(attachment.policy);
      const seen = shares.map(({ name, path, fileSystemType, isReadOnly }) => {
        return `${name}=${path} (${fileSystemType}, ${isReadOnly ? 'read-only' : 'writable'})`;
      });
      return { evidence: { shares: seen.join(', ') }, next: 'listen' };
    },
  },
  {
    name: 'listen',
    act: async ({ session }) => ({ evidence: { socket: session.listen() }, next: 'confine' }),
  },
  {
    // Behind `listen`: from here on it can make no socket and run no program.
    name: 'confine',
    act: async ({ session }) => ({ evidence: { refusedCalls: String(session.confine()) }, next: 'verify' }),
  },
  {
    name: 'verify',
    act: async ({ session, user }) => {
      const facts = session.inspect();
      const wrong = brokerDeviations(facts, user);
      if (wrong.length > 0) throw deputyError('DEPUTY_E_BROKER_PRIVILEGES', { detail: wrong.join('; ') });
      const serving = facts.threads.find(({ serves }) => serves);
      const evidence = {
        user: String(user),
        permitted: (serving?.permitted ?? 0n).toString(16),
        threads: String(facts.threads.length),
        rootFileSystem: facts.rootIsReadOnly ? 'read-only' : 'writable',
      };
      return { evidence, next: 'finish-former' };
    },
  },
  {
    name: 'finish-former',
    act: async ({ session, attachment }) => ({
      evidence: { requests: String(session.finishFormer(attachment)) },
      next: 'serve',
    }),
  },
  {
    name: 'serve',
    act: async ({ session, attachment, serving }) => {
      serving();
      await session.serve(attachment);
      return { evidence: {}, next: 'done' };
    },
  },
];

/** Runs the steps from the first on. `tell` is called behind each, with what it saw. */
export async function runBrokerSteps(
  brokerage: Brokerage,
  tell: (step: string, evidence: Evidence) => void,
): Promise<void> {
  for (let name = 'open-shares'; name !== 'done'; ) {
    const step = brokerSteps.find((one) => one.name === name);
    if (step === undefined) throw new RangeError(`no step ${name}`);
    const { evidence, next } = await step.act(brokerage);
    // Once it serves, the delegation is active and says so itself.
    if (next !== 'done') tell(step.name, evidence);
    name = next;
  }
}
