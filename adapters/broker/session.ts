import { brokerPolicy } from '../../core/broker/broker-policy.js';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { eventTenant } from '../../core/events/escape-text.js';
import type { Counts } from '../../core/events/vocabulary.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type {
  BrokerAttachment,
  BrokerPrivileges,
  BrokerSession,
  BrokerShareFacts,
} from '../../core/ports/broker.js';
import type { Logger } from '../../core/ports/logger.js';
import type { SealKeys } from '../../core/ports/seal-keys.js';
import type { HandleUse } from '../../core/request/handle-use.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { HandlerOf } from '../../core/steps/handler.js';
import { systemCall } from '../linux/native.js';
import { OwnIdentity } from '../linux/request-kernel/own-identity.js';
import { filterBroker } from '../supervisor/own-filter.js';
import type { Publisher } from '../supervisor/publisher.js';
import { BrokerKernel } from './broker-kernel.js';
import type { BrokerJournal } from './journal-writer.js';
import { Admission, type PeerRules } from './peer.js';
import { readPrivileges } from './privileges.js';
import { RequestRunner } from './request-runner.js';
import { BrokerServer } from './server.js';
import { type NamedShare, type OpenShare, openShare } from './shares.js';
import { type BrokerSocket, listenAt } from './socket-path.js';

/** What a broker serves, to whom, and where. */
export interface BrokerOptions {
  readonly socketPath: string;
  readonly shares: readonly NamedShare[];
  readonly rules: PeerRules;
  readonly handlerOf: HandlerOf;
}

/** What the process has for its broker. */
export interface SessionParts extends BrokerOptions {
  readonly journal: BrokerJournal;
  readonly publisher: Publisher;
  /** The last ticket that was given, so that stop() can wait until it is published. */
  readonly lastTicket: () => number;
  /** What predecessors left unfinished. */
  readonly former: readonly Uint8Array[];
  readonly seals: SealKeys;
  readonly nowUs: () => number;
  readonly logger: Logger;
  /** The number that the socket has in the journal: the same for all who come after. */
  readonly listenerKey: number;
}

/** A broker in this process. */
export class LinuxBrokerSession implements BrokerSession {
  private shares: OpenShare[] = [];
  private socket: BrokerSocket | undefined;
  private server: BrokerServer | undefined;
  private policy: CompiledPolicyData | undefined;
  private attached: BrokerAttachment | undefined;
  private readonly kernel: BrokerKernel;
  private readonly runner: RequestRunner;

  constructor(private readonly parts: SessionParts) {
    this.kernel = new BrokerKernel(new OwnIdentity(parts.rules.user), () => this.shares);
    this.runner = new RequestRunner({ ...parts, kernel: this.kernel });
  }

  get connections(): number {
    return this.server?.count ?? 0;
  }

  openShares(policy: ResolvedPolicy): readonly BrokerShareFacts[] {
    for (const share of this.parts.shares) this.shares.push(openShare(share, policy));
    return this.shares.map(({ name, path, mount, fileSystemId }) => ({
      name,
      path,
      fileSystemType: mount.entry.fileSystemType,
      fileSystemId,
      isReadOnly: mount.options.includes('ro'),
    }));
  }

  listen(): string {
    this.socket = listenAt(this.parts.socketPath);
    return this.socket.path;
  }

  confine(): number {
    const refused = filterBroker();
    if (refused >= 0) return refused;
    const detail = `seccomp: ${errnoText(-refused)}`;
    throw deputyError('DEPUTY_E_BROKER_PRIVILEGES', { detail });
  }

  inspect(): BrokerPrivileges {
    return readPrivileges();
  }

  finishFormer({ policy }: BrokerAttachment): number {
    const { former, journal } = this.parts;
    const compiled = brokerPolicy(policy);
    for (const one of former) this.runner.finish(one, compiled);
    journal.noteRecovered();
    return former.length;
  }

  async serve(attachment: BrokerAttachment): Promise<void> {
    const { socket } = this;
    if (socket === undefined) throw deputyError('DEPUTY_E_HANDLER_FAILED', { detail: 'it does not listen' });
    this.attached = attachment;
    this.policy = brokerPolicy(attachment.policy);
    await this.introduce(attachment);
    const { rules, logger } = this.parts;
    this.server = new BrokerServer({
      socket: socket.descriptor,
      admission: new Admission(rules, this.kernel.threads),
      runner: this.runner,
      threads: this.kernel.threads,
      policy: () => this.policy as CompiledPolicyData,
      logger,
    });
  }

  setPolicy(policy: ResolvedPolicy): void {
    if (this.attached === undefined) return;
    if (policy.confinement !== 'sealed') {
      const { confinement } = policy;
      this.parts.logger.warn({ confinement }, 'a broker opens sealed handles only, whatever its policy says');
    }
    this.policy = brokerPolicy(policy);
    this.attached = { ...this.attached, policy };
    void this.introduce(this.attached);
  }

  counts(delegationId: string): Counts {
    return this.parts.publisher.countsOf(delegationId);
  }

  useOf(delegationId: string): HandleUse | undefined {
    return this.parts.publisher.useOf(delegationId);
  }

  async stop(): Promise<void> {
    this.server?.stop();
    this.server = undefined;
    this.socket?.close();
    this.socket = undefined;
    for (const { descriptor } of this.shares.splice(0)) systemCall('close', descriptor);
    if (this.attached === undefined) return;
    this.attached = undefined;
    this.parts.publisher.dismiss(this.parts.listenerKey);
    await this.parts.publisher.published(this.parts.lastTicket());
  }

  /** No record may come before it stands in the journal whose it is. */
  private async introduce({ delegationId, policy }: BrokerAttachment): Promise<void> {
    const { listenerKey: key } = this.parts;
    const tenant = eventTenant(policy.tenant);
    await this.parts.publisher.introduce({ key, delegationId, tenant, record: policy.record });
  }
}
