import { brokerPolicy } from '../../../core/broker/broker-policy.js';
import { CallAnswers } from '../../../core/broker/call-answers.js';
import { judgePacket } from '../../../core/broker/judge-packet.js';
import { type BrokerAnswer, encodeAnswer, encodeFault } from '../../../core/broker/messages.js';
import { maximumPacketBytes } from '../../../core/broker/packets.js';
import { deputyError } from '../../../core/errors/deputy-error.js';
import type { Counts } from '../../../core/events/vocabulary.js';
import type { ResolvedPolicy } from '../../../core/policy/match.js';
import type {
  BrokerAttachment,
  BrokerPrivileges,
  BrokerSession,
  BrokerShareFacts,
} from '../../../core/ports/broker.js';
import type { CompiledPolicyData } from '../../../core/serving/transfer-policy.js';
import { type OpenDescription, OpenFile, type PacketSocket } from '../../kernel/open-description.js';
import type { ModelProcess } from '../../kernel/process.js';
import type { JournalWriter } from '../../storage/journal-writer.js';
import type { ScenePublisher } from '../scene-publisher.js';
import {
  type BrokerParts,
  brokerKey,
  type ModelBrokerListener,
  type ModelConnection,
  type ModelPeer,
  type ModelShare,
} from './broker-parts.js';
import { ModelBrokerKernel } from './model-broker-kernel.js';
import { BrokerRequestLoop } from './request-loop.js';

const wakeUs = [1, 8] as const;
const refusedCalls = 300;
const readSearch = 1n << 2n;

/** What the process has for its broker. */
export interface ModelSessionParts extends BrokerParts {
  readonly process: ModelProcess;
  readonly journal: JournalWriter;
  readonly publisher: ScenePublisher;
  readonly former: readonly Uint8Array[];
}

/** A broker's session, in the order of adapters/broker/session.ts and server.ts; each call is a point. */
export class ModelBrokerSession implements BrokerSession {
  private readonly shares: ModelShare[] = [];
  private readonly open = new Set<ModelConnection>();
  private readonly accepted: { readonly socket: PacketSocket; readonly peer: ModelPeer }[] = [];
  private readonly loop: BrokerRequestLoop;
  private policy: CompiledPolicyData | undefined;
  private isServing = false;

  constructor(private readonly parts: ModelSessionParts) {
    const { world, process, journal } = parts;
    const kernel = new ModelBrokerKernel(world, process, () => this.shares);
    this.loop = new BrokerRequestLoop(parts, process, journal, kernel);
  }

  get connections(): number {
    return this.open.size;
  }

  /** Has it answered all that lies in its sockets, and serves? */
  get isIdle(): boolean {
    return (
      this.isServing && !this.loop.isBusy && [...this.open].every(({ socket }) => socket.packets.length === 0)
    );
  }

  openShares({ shares }: ResolvedPolicy): readonly BrokerShareFacts[] {
    return this.call('open-shares', () => {
      const { kernel } = this.parts.world;
      for (const { name, path } of shares === 'all' ? [] : shares) {
        const mount = [...kernel.files.mounts.values()].find(({ mountPoint }) => mountPoint === path);
        if (mount === undefined) throw deputyError('DEPUTY_E_BROKER_SHARE', { name, path, detail: 'ENOENT' });
        const root = new OpenFile(kernel.files.rootOf(mount), mount.mountId, false, 0);
        this.shares.push({ name, mount, descriptor: kernel.open(this.parts.process, root) });
      }
      return this.shares.map(({ name, mount }) => ({
        name,
        path: mount.mountPoint,
        fileSystemType: mount.fileSystemType,
        fileSystemId: `${mount.fileSystemType}:${mount.device}`,
        isReadOnly: mount.isReadOnly,
      }));
    });
  }

  /** Clients can connect from here on, and wait. */
  listen(): string {
    return this.call('listen', () => {
      this.parts.socket.listen(this.parts.process, (socket, peer) => {
        // In the listening socket's queue, which dies with it.
        this.parts.process.table.add(socket, true);
        this.accepted.push({ socket, peer });
        if (this.isServing) this.wake();
      });
      return '/run/deputy/broker.sock';
    });
  }

  confine(): number {
    return this.call('confine', () => refusedCalls);
  }

  inspect(): BrokerPrivileges {
    return this.call('inspect-broker', () => ({
      threads: [
        {
          userIds: [this.parts.user],
          effective: readSearch,
          permitted: readSearch,
          noNewPrivileges: true,
          filters: 1,
          serves: true,
        },
      ],
      isDumpable: false,
      rootIsReadOnly: true,
    }));
  }

  finishFormer({ policy }: BrokerAttachment): number {
    return this.call('finish-former', () => {
      for (const one of this.parts.former) this.loop.finish(one, brokerPolicy(policy));
      return this.parts.former.length;
    });
  }

  async serve({ delegationId, policy }: BrokerAttachment): Promise<void> {
    const { publisher } = this.parts;
    this.policy = brokerPolicy(policy);
    const { tenant, record } = policy;
    await publisher.introduce({ key: brokerKey, delegationId, tenant, record });
    this.call('serve', () => {
      this.isServing = true;
    });
    this.wake();
  }

  setPolicy(policy: ResolvedPolicy): void {
    this.policy = brokerPolicy(policy);
  }

  counts(delegationId: string): Counts {
    return this.parts.publisher.countsOf(delegationId);
  }

  useOf(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    this.isServing = false;
    for (const connection of [...this.open]) this.end(connection);
  }

  /** A call of the process that is made in one go with those around it. */
  private call<Result>(name: string, work: () => Result): Result {
    const { world, process } = this.parts;
    let made: { readonly result: Result } | undefined;
    const step = world.stepAtOnce(process, 'broker', name, null, () => {
      world.steps++;
      made = { result: work() };
      return 0;
    });
    // Nobody hears of it: whatever a dead process would do next comes to nothing.
    if (step === undefined || made === undefined) throw new RangeError(`${process.actor} died at ${name}`);
    return made.result;
  }

  private wake(): void {
    this.parts.world.later(this.parts.process, ...wakeUs, () => this.turn());
  }

  /** The event loop's turn: a connection is taken, or a packet of one of them. */
  private turn(): void {
    if (this.loop.isBusy || !this.isServing) return;
    const next = this.accepted.shift();
    if (next !== undefined) return this.welcome(next.socket, next.peer);
    for (const connection of this.open) {
      if (connection.socket.packets.length > 0) return this.receive(connection);
      if (connection.socket.isPeerClosed) {
        this.end(connection);
        return this.wake();
      }
    }
  }

  private welcome(socket: PacketSocket, peer: ModelPeer): void {
    const { world, process } = this.parts;
    world.step(process, 'broker', 'accept', null, () => {
      const descriptor = process.table.entries().find(([, held]) => held.description === socket)?.[0] ?? -1;
      const policy = (): CompiledPolicyData => this.policy as CompiledPolicyData;
      const answers = new CallAnswers<ModelPeer>(peer, policy, (answer, descriptors) =>
        this.transmit(connection, answer, descriptors),
      );
      const listener: ModelBrokerListener = { key: brokerKey, descriptor, mounts: new Map(), answers };
      const served = {
        listener,
        get policy() {
          return policy();
        },
        leaving: false,
        former: [],
        reissued: new Set<number>(),
      };
      const connection: ModelConnection = { socket, descriptor, peer, answers, served, hasGreeted: false };
      this.open.add(connection);
      socket.whenReadable = () => this.wake();
      this.wake();
      return descriptor;
    });
  }

  private receive(connection: ModelConnection): void {
    const { world, process } = this.parts;
    if (!this.loop.hasRoom()) return this.loop.waitForRoom(() => this.turn());
    world.step(process, 'broker', 'receive', null, (interference) => {
      const packet = connection.socket.packets.shift();
      if (packet === undefined) return 0;
      const descriptors = packet.passed.map((one) => take(process, one));
      if (interference?.diesInside === true) return 0;
      const { bytes } = packet;
      const isTruncated = bytes.length > maximumPacketBytes;
      const counted = { bytes, isTruncated, descriptors: descriptors.length };
      const judged = judgePacket(counted, connection.hasGreeted);
      const done = (): void => {
        for (const one of descriptors) process.table.close(one);
        if (!connection.answers.isOpen) this.end(connection);
        this.wake();
      };
      if (judged.kind === 'call') this.loop.run(connection, judged.call, descriptors[0] ?? -1, done);
      else {
        if (judged.kind === 'fault') {
          connection.socket.send(encodeFault(judged.fault, judged.id, judged.text), []);
          connection.answers.isOpen = false;
        } else {
          connection.hasGreeted = true;
          this.transmit(connection, judged.answer, []);
        }
        done();
      }
      return bytes.length;
    });
  }

  /** A packet and its descriptors arrive together or not at all. */
  private transmit(
    { socket, answers }: ModelConnection,
    answer: BrokerAnswer,
    passed: readonly number[],
  ): boolean {
    const { table, actor } = this.parts.process;
    const descriptions = passed.flatMap((number) => table.at(number) ?? []);
    const sent = socket.send(encodeAnswer(answer), descriptions) !== undefined;
    if (!sent) answers.isOpen = false;
    else
      this.parts.world.watch.noted?.(actor, 'answered', {
        type: answer.type,
        id: answer.id,
        result: answer.result,
      });
    return sent;
  }

  private end(connection: ModelConnection): void {
    this.open.delete(connection);
    connection.answers.isOpen = false;
    this.parts.process.table.close(connection.descriptor);
  }
}

/** What came with a packet, in the receiver's own table. */
function take(process: ModelProcess, description: OpenDescription): number {
  const number = process.table.add(description, true);
  description.release();
  return number;
}
