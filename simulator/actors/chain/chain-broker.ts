import { deputyError } from '../../../core/errors/deputy-error.js';
import type { Counts } from '../../../core/events/vocabulary.js';
import type { ResolvedPolicy } from '../../../core/policy/match.js';
import type {
  BrokerHost,
  BrokerPrivileges,
  BrokerSession,
  BrokerShareFacts,
} from '../../../core/ports/broker.js';
import type { ContainerLife } from '../dispatch/container.js';
import type { ChainParts, ChainSocket } from './chain-parts.js';
import type { PortCalls } from './port-calls.js';

const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
const socketPath = '/run/deputy/broker.sock';
const refusedCalls = 300;

/** Brokers beside a target, where its pod has a sidecar. */
export function chainBroker(parts: ChainParts, calls: PortCalls, life: () => ContainerLife): BrokerHost {
  return { user: 107, open: () => new ChainBrokerSession(parts, calls, life()) };
}

class ChainBrokerSession implements BrokerSession {
  private socket: ChainSocket | undefined;
  readonly connections = 0;

  constructor(
    private readonly parts: ChainParts,
    private readonly calls: PortCalls,
    private readonly life: ContainerLife,
  ) {}

  openShares(_policy: ResolvedPolicy): readonly BrokerShareFacts[] {
    return this.calls.callAtOnce('open-shares', () => {
      if (!this.parts.pod.hasSidecar) {
        const detail = 'the pod has no sidecar, into which the volume would be mounted';
        throw deputyError('DEPUTY_E_BROKER_SHARE', { name: 'data', path: '/share', detail });
      }
      const facts = { fileSystemType: 'ext4', fileSystemId: 'ext4:1', isReadOnly: false };
      return [{ name: 'data', path: '/share', ...facts }];
    });
  }

  listen(): string {
    return this.calls.callAtOnce('listen', () => {
      this.socket = { life: this.life, answerer: this.calls.self, isServing: false };
      this.parts.sockets.push(this.socket);
      return socketPath;
    });
  }

  confine(): number {
    return this.calls.callAtOnce('confine', () => refusedCalls);
  }

  inspect(): BrokerPrivileges {
    return this.calls.callAtOnce('inspect-broker', () => ({
      threads: [this.parts.machine.brokerThread()],
      isDumpable: false,
      rootIsReadOnly: true,
    }));
  }

  finishFormer(): number {
    return this.calls.callAtOnce('finish-former', () => 0);
  }

  async serve(): Promise<void> {
    await this.calls.call('serve', () => {
      if (this.socket !== undefined) this.socket.isServing = true;
    });
  }

  setPolicy(): void {
    // What it answers is not played here.
  }

  counts(): Counts {
    return noCounts;
  }

  useOf(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    await this.calls.call('stop-broker', () => {
      if (this.socket === undefined || this.parts.oldWays.has('leaves-the-socket')) return;
      this.socket.answerer = undefined;
      this.socket.isServing = false;
    });
  }
}
