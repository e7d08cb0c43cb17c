import type { RequestRecord } from '../../../core/request/record.js';
import { offset } from '../../../core/request/record-layout.js';
import { allocate, type NativeMemory } from '../memory.js';
import { hotSyscalls } from '../native.js';
import { AT_EMPTY_PATH, AT_FDCWD } from '../open-flags.js';

const AT_HANDLE_CONNECTABLE = 0x2;
const AT_SYMLINK_FOLLOW = 0x400;

const atMountId = 0;
const atEmptyPath = 64;
const atPath = 1024;

/** name_to_handle_at(2) on open files, into a record's handle. */
export class HandleEncoder {
  private readonly kernel = hotSyscalls();
  private readonly scratch: NativeMemory = allocate(4096);

  /** Where the mount id of the last handle stands. */
  get mountIdAddress(): number {
    return this.scratch.address + atMountId;
  }

  /** It itself, as the flags of the last call had it: `unique` or not. */
  mountId(unique: boolean): bigint {
    return unique ? (this.scratch.u64[atMountId] as bigint) : BigInt(this.scratch.i32[atMountId] as number);
  }

  /** 0, or minus an errno; with -EOVERFLOW the size that is needed is in the record. */
  encode(record: RequestRecord, descriptor: number, flags: number): number {
    const { syscall, numbers } = this.kernel;
    const { address } = this.scratch;
    const handle = record.addressOf(offset.handle);
    if ((flags & AT_HANDLE_CONNECTABLE) === 0) {
      const empty = address + atEmptyPath;
      return syscall(
        numbers.name_to_handle_at,
        descriptor,
        empty,
        handle,
        this.mountIdAddress,
        flags | AT_EMPTY_PATH,
      );
    }
    // The kernel takes no empty path with it, so the file is named through /proc.
    this.scratch.putString(atPath, `/proc/self/fd/${descriptor}`);
    const path = address + atPath;
    return syscall(
      numbers.name_to_handle_at,
      AT_FDCWD,
      path,
      handle,
      this.mountIdAddress,
      flags | AT_SYMLINK_FOLLOW,
    );
  }
}
