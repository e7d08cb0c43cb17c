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
