import { minus } from './errno.js';
import type { Location } from './mounts.js';

/** An open file description. */
export interface OpenFile {
  readonly location: Location;
  /** As F_GETFL gives them. */
  readonly flags: number;
  readonly isPath: boolean;
}

export interface Descriptor {
  readonly file: OpenFile;
  readonly closeOnExec: boolean;
}

/** A process's descriptors: the lowest free number is given, up to the limit (RLIMIT_NOFILE). */
export class DescriptorTable {
  private readonly slots = new Map<number, Descriptor>();

  constructor(public limit: number) {}

  /** The new descriptor's number, or -EMFILE. */
  install(file: OpenFile, closeOnExec: boolean): number {
    let number = 0;
    while (this.slots.has(number)) number++;
    if (number >= this.limit) return minus.EMFILE;
    this.slots.set(number, { file, closeOnExec });
    return number;
  }

  get(number: number): Descriptor | undefined {
    return this.slots.get(number);
  }

  /** 0 or -EBADF. */
  close(number: number): number {
    return this.slots.delete(number) ? 0 : minus.EBADF;
  }

  /** What is open, in the order of numbers. */
  list(): { readonly number: number; readonly descriptor: Descriptor }[] {
    return [...this.slots]
      .sort(([one], [other]) => one - other)
      .map(([number, descriptor]) => ({ number, descriptor }));
  }

  get size(): number {
    return this.slots.size;
  }

  closeAll(): void {
    this.slots.clear();
  }

  /** What unshare(CLONE_FILES) gives. */
  copy(): DescriptorTable {
    const table = new DescriptorTable(this.limit);
    for (const [number, descriptor] of this.slots) table.slots.set(number, descriptor);
    return table;
  }
}
