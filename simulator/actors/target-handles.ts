import { sealBytes, sealOffset } from '../../core/seals/seal-layout.js';
import { type ModelFile, modelHandleBytes } from '../kernel/file-tree.js';
import type { ModelProcess } from '../kernel/process.js';
import type { HandleKind } from '../scenario/scenario-schema.js';
import type { GivenHandle, HandleBook } from './handle-book.js';

/** The handles that one program puts into its calls. */
export class TargetHandles {
  private turned = 0;

  constructor(
    private readonly program: ModelProcess,
    private readonly book: HandleBook,
  ) {}

  /** struct file_handle of a file, or of what a program may give instead. */
  structOf(name: string, file: ModelFile | undefined, kind: HandleKind): Uint8Array {
    const { program, book } = this;
    const other = kind === 'foreign' ? book.ofAnother(program, name) : undefined;
    const given = other ?? book.last(program, name);
    // Who was given none has the kernel's own.
    if (given === undefined) return nativeStruct(file, kind);
    switch (kind) {
      case 'named':
      case 'foreign':
        return struct(given, given.bytes);
      case 'bit-flipped':
        return struct(given, this.withTurnedBit(given));
      case 'forged':
        return struct(given, withoutMac(given));
      case 'cut-short':
        return struct(given, given.bytes.subarray(0, -1));
      case 'other-type':
        return struct({ type: given.type + 1 }, given.bytes);
      default:
        return nativeStruct(file, kind);
    }
  }

  private withTurnedBit({ bytes }: GivenHandle): Uint8Array {
    const turned = bytes.slice();
    const bit = this.turned++ % (turned.length * 8);
    turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7));
    return turned;
  }
}

function withoutMac({ bytes }: GivenHandle): Uint8Array {
  const forged = bytes.slice();
  if (forged.length > sealBytes) forged.fill(0, forged.length - sealBytes + sealOffset.mac);
  return forged;
}

function struct({ type }: Pick<GivenHandle, 'type'>, bytes: Uint8Array): Uint8Array {
  const made = new Uint8Array(8 + bytes.length);
  made.set(new Uint8Array(new Int32Array([bytes.length, type]).buffer));
  made.set(bytes, 8);
  return made;
}

function nativeStruct(file: ModelFile | undefined, kind: HandleKind): Uint8Array {
  const size = kind === 'too-long' ? 129 : kind === 'empty' ? 0 : modelHandleBytes;
  const type = kind === 'bad-type' ? -1 : 1;
  const generation = kind === 'stale' ? 0xdead : (file?.generation ?? 0);
  return new Uint8Array(new Int32Array([size, type, file?.inode ?? 0, generation]).buffer);
}
