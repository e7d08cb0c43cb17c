import type { CallAnswers } from '../../../core/broker/call-answers.js';
import type { ServedState } from '../../../core/serving/served-state.js';
import type { Handler } from '../../../core/steps/handler.js';
import type { StepTable } from '../../../core/steps/step.js';
import type { ModelMount } from '../../kernel/file-tree.js';
import { PacketSocket } from '../../kernel/open-description.js';
import type { ModelProcess, ModelThread } from '../../kernel/process.js';
import type { LoopListener } from '../../ports/loop-state.js';
import type { ModelEventStore } from '../../storage/event-store.js';
import type { World } from '../../world/world.js';

/** The number that a broker's socket has in its journal: the same for all who come after. */
export const brokerKey = 16;

/** Who is at the other end of a connection, as it was when it connected. */
export interface ModelPeer {
  readonly process: ModelProcess;
  readonly thread: ModelThread;
}

/** A listener as records know it, with the way its answers go. */
export interface ModelBrokerListener extends LoopListener {
  readonly answers: CallAnswers<ModelPeer>;
}

/** One client's connection, at the broker's end. */
export interface ModelConnection {
  readonly socket: PacketSocket;
  readonly descriptor: number;
  readonly peer: ModelPeer;
  readonly answers: CallAnswers<ModelPeer>;
  readonly served: ServedState;
  hasGreeted: boolean;
}

/** A share as the broker has it open. */
export interface ModelShare {
  readonly name: string;
  readonly mount: ModelMount;
  readonly descriptor: number;
}

/** What brokers of one target share: their state directory, and the store that it is told to. */
export interface BrokerParts {
  readonly world: World;
  readonly store: ModelEventStore;
  readonly socket: BrokerSocketFile;
  readonly containerId: string;
  readonly user: number;
  readonly tableOf: (handler: Handler) => StepTable;
  readonly nextNumber: (kind: string) => number;
}

/** Both ends of a new connection. */
function packetPair(): readonly [PacketSocket, PacketSocket] {
  const ends = [new PacketSocket(), new PacketSocket()] as const;
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}

/** The socket's file in the volume that target and broker share: whoever listens there, or nobody. */
export class BrokerSocketFile {
  private listening:
    | { readonly process: ModelProcess; accept(end: PacketSocket, peer: ModelPeer): void }
    | undefined;

  listen(process: ModelProcess, accept: (end: PacketSocket, peer: ModelPeer) => void): void {
    this.listening = { process, accept };
  }

  /** connect(2): a descriptor's description; undefined for ECONNREFUSED, or ENOENT. */
  connect(peer: ModelPeer): PacketSocket | undefined {
    const { listening } = this;
    if (listening?.process.alive !== true) return undefined;
    const [own, other] = packetPair();
    listening.accept(other, peer);
    return own;
  }
}
