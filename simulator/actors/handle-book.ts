import { sealBytes, sealOffset } from '../../core/seals/seal-layout.js';
import type { ModelMount } from '../kernel/file-tree.js';
import type { ModelProcess } from '../kernel/process.js';

/** A handle as name_to_handle_at(2) gave it to a program. */
export interface GivenHandle {
  readonly program: ModelProcess;
  readonly file: string;
  /** Whose it is, and through which mount. */
  readonly tenant: string;
  readonly mount: ModelMount;
  readonly type: number;
  /** What stands behind the header. */
  readonly bytes: Uint8Array;
}

export type HandleFacts = Pick<GivenHandle, 'tenant' | 'mount' | 'type' | 'bytes'>;

/** Every handle that a program was given: what nobody was given opens nothing, where handles are sealed. */
export class HandleBook {
  private readonly given: GivenHandle[] = [];
  private readonly texts = new Set<string>();

  add(handle: GivenHandle): void {
    const last = this.last(handle.program, handle.file);
    this.texts.add(textOf(handle, handle.bytes));
    // The same handle again needs no second line.
    if (!isSame(last, handle)) this.given.push(handle);
  }

  /** Was just this one given to somebody of this tenant, through this share? */
  has(handle: HandleFacts): boolean {
    return this.texts.has(textOf(handle, handle.bytes));
  }

  /** The one that a program was given last for a file. */
  last(program: ModelProcess, file: string): GivenHandle | undefined {
    return this.given.findLast((one) => one.program === program && one.file === file);
  }

  /** One that another program was given for a file. */
  ofAnother(program: ModelProcess, file: string): GivenHandle | undefined {
    return this.given.findLast((one) => one.program !== program && one.file === file);
  }

  /** Was another handle given for the same file, tenant, share and key? Equal handles have to be equal. */
  hasUnequal(handle: HandleFacts): boolean {
    const end = handle.bytes.length - sealBytes + sealOffset.mac;
    const message = textOf(handle, handle.bytes.subarray(0, end));
    return this.given.some(
      (one) =>
        one.bytes.length === handle.bytes.length &&
        textOf(one, one.bytes.subarray(0, end)) === message &&
        !isSame(one, handle),
    );
  }
}

function isSame(one: HandleFacts | undefined, other: HandleFacts): boolean {
  return one !== undefined && textOf(one, one.bytes) === textOf(other, other.bytes);
}

function textOf({ tenant, mount, type }: HandleFacts, bytes: Uint8Array): string {
  return `${tenant} ${mount.device} ${mount.mountPoint} ${type} ${bytes.join('.')}`;
}
