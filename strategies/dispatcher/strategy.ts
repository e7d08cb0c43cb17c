import { deputyError } from '../../core/errors/deputy-error.js';
import type { Counts } from '../../core/events/vocabulary.js';
import type { PayloadEnd, PayloadHost, PayloadSession, PayloadSpec } from '../../core/ports/payload.js';
import type { EstablishContext, Establishment, Strategy, Target } from '../../core/ports/strategy.js';
import { type Dispatch, type DispatchStep, runDispatch } from './steps.js';

const SIGTERM = 15;
const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

export interface DispatcherOptions {
  readonly payloads: PayloadHost;
  /** What runs in a target. */
  readonly payload: (target: Target) => PayloadSpec;
  /** Told of each session before its first step, so that its owner can read its output and its end. */
  readonly onSession?: (session: PayloadSession) => void;
  /** In place of the table's own, for tests that look between two of them. */
  readonly steps?: readonly DispatchStep[];
}

/** How a payload ended, as a sentence for an event. */
export function endText(end: PayloadEnd): string {
  if (end.kind === 'exited') return `the payload exited with ${end.code}`;
  if (end.kind === 'signaled') return `the payload was ended by signal ${end.signal}`;
  return `the payload ended, and how is not to be had: ${end.reason}`;
}

/** A payload at work: one way in, no requests of which deputy would know. */
class Dispatched implements Establishment {
  readonly entries = 1;

  constructor(private readonly session: PayloadSession) {}

  async join(): Promise<void> {
    throw deputyError('DEPUTY_E_LISTENER_INVALID', { detail: 'a dispatched payload takes no listeners' });
  }

  setPolicy(): void {
    // A payload that holds the capability can't be held to a policy; see `enforces`.
  }

  counts(): Counts {
    return noCounts;
  }

  async release(): Promise<void> {
    this.session.signal(SIGTERM);
    await this.session.ended;
  }

  async forget(): Promise<void> {
    await this.session.forget?.();
  }
}

/** Every step is told as an event; a payload that was started and isn't as asked for is ended. */
async function establish(options: DispatcherOptions, context: EstablishContext): Promise<Establishment> {
  const { target, hooks } = context;
  const spec = options.payload(target);
  const session = options.payloads.open(target, spec);
  options.onSession?.(session);
  const dispatch: Dispatch = { session, spec, isAdopted: false };
  try {
    await runDispatch(dispatch, (step, evidence) => hooks.stepped?.(step, evidence), options.steps);
  } catch (error) {
    if (!dispatch.isAdopted) await session.abandon();
    throw error;
  }
  hooks.serving();
  void session.ended.then((end) => hooks.ended(endText(end)));
  return new Dispatched(session);
}

/**
 * The dispatcher strategy: a payload with exactly the asked capabilities is started from outside and lives in
 * the target's namespaces and cgroup, below the target's init.
 */
export function dispatcher(options: DispatcherOptions): Strategy {
  return {
    name: 'dispatcher',
    needs: {
      capabilities: [
        'CAP_SYS_ADMIN',
        'CAP_SYS_CHROOT',
        'CAP_SETPCAP',
        'CAP_SETUID',
        'CAP_SETGID',
        'CAP_SYS_RESOURCE',
        'CAP_SYS_PTRACE',
        'CAP_KILL',
      ],
      syscalls: ['setns', 'clone3', 'pidfd_open', 'pidfd_send_signal', 'execveat'],
      ports: ['PayloadHost'],
    },
    // The payload makes its calls itself, so an O_PATH descriptor is the kernel's own. No more is held.
    enforces: ['opath'],
    async assess() {
      const obstacle = await options.payloads.obstacle();
      return { possible: obstacle === undefined, reasons: obstacle === undefined ? [] : [obstacle] };
    },
    establish: (context) => establish(options, context),
  };
}
