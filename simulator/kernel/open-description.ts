import type { ModelFile } from './file-tree.js';

/** An open file description: several descriptors, of several processes, may share it. */
export abstract class OpenDescription {
  abstract readonly kind: 'file' | 'listener' | 'socket' | 'plain';
  private references = 0;

  refer(): void {
    this.references++;
  }

  release(): void {
    this.references--;
    if (this.references === 0) this.released();
  }

  get referenceCount(): number {
    return this.references;
  }

  /** The last descriptor is closed. */
  protected released(): void {
    // Most have nothing to do then.
  }
}

/** A file that is open. */
export class OpenFile extends OpenDescription {
  readonly kind = 'file';

  constructor(
    readonly file: ModelFile,
    readonly mountId: number,
    readonly pathOnly: boolean,
    /** As F_GETFL gives them. */
    public statusFlags: number,
  ) {
    super();
  }
}

/** What nobody looks into: standard streams and the like. */
export class PlainDescription extends OpenDescription {
  readonly kind = 'plain';
}

/** One end of a socket pair, with the descriptions that wait in it (SCM_RIGHTS of unix(7)). */
export class SocketEnd extends OpenDescription {
  readonly kind = 'socket';
  readonly queue: OpenDescription[] = [];
  peer: SocketEnd | undefined;

  constructor(readonly inode: number) {
    super();
  }

  /** Puts a description on its way to whoever reads from this end. */
  deliver(description: OpenDescription): void {
    description.refer();
    this.queue.push(description);
  }

  protected override released(): void {
    for (const waiting of this.queue.splice(0)) waiting.release();
  }
}

/** A packet with the descriptions that came with it. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly passed: readonly OpenDescription[];
}

/** One end of a channel of packets (SOCK_SEQPACKET of unix(7)). */
export class PacketSocket extends OpenDescription {
  readonly kind = 'socket';
  readonly packets: Packet[] = [];
  peer: PacketSocket | undefined;
  isPeerClosed = false;
  /** Called when there is something to read, or nothing more will come. */
  whenReadable: (() => void) | undefined;

  /** Sends to the other end: bytes, or undefined when that is closed. */
  send(bytes: Uint8Array, passed: readonly OpenDescription[]): number | undefined {
    const { peer } = this;
    if (peer === undefined || this.isPeerClosed) return undefined;
    for (const description of passed) description.refer();
    peer.packets.push({ bytes: bytes.slice(), passed });
    peer.whenReadable?.();
    return bytes.length;
  }

  protected override released(): void {
    for (const { passed } of this.packets.splice(0)) for (const one of passed) one.release();
    if (this.peer === undefined) return;
    this.peer.isPeerClosed = true;
    this.peer.whenReadable?.();
  }
}
