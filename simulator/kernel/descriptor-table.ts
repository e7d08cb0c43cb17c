import { no } from './numbers.js';
import type { OpenDescription } from './open-description.js';

export interface Descriptor {
  readonly description: OpenDescription;
  readonly closeOnExec: boolean;
}

/** A process's table of descriptors: a new one gets the lowest free number (open(2)). */
export class DescriptorTable {
  private readonly slots: (Descriptor | undefined)[] = [];

  constructor(public limit: number) {}

  /** The new descriptor's number, or -EMFILE. */
  add(description: OpenDescription, closeOnExec = false): number {
    const number = this.lowestFree;
    if (number >= this.limit) return no('EMFILE');
    this.put(number, description, closeOnExec);
    return number;
  }

  /** Puts it at a number, in the place of what is there (dup3(2)). */
  put(number: number, description: OpenDescription, closeOnExec = false): void {
    description.refer();
    this.slots[number]?.description.release();
    this.slots[number] = { description, closeOnExec };
  }

  get lowestFree(): number {
    let number = 0;
    while (this.slots[number] !== undefined) number++;
    return number;
  }

  at(number: number): OpenDescription | undefined {
    return this.slots[number]?.description;
  }

  descriptor(number: number): Descriptor | undefined {
    return this.slots[number];
  }

  close(number: number): number {
    const known = this.slots[number];
    if (known === undefined) return no('EBADF');
    this.slots[number] = undefined;
    known.description.release();
    return 0;
  }

  closeAll(): void {
    for (let number = 0; number < this.slots.length; number++) {
      const known = this.slots[number];
      this.slots[number] = undefined;
      known?.description.release();
    }
  }

  /** A table with the same descriptors (fork(2), unshare(2)). */
  copy(): DescriptorTable {
    const copied = new DescriptorTable(this.limit);
    for (const [number, { description, closeOnExec }] of this.entries()) {
      copied.put(number, description, closeOnExec);
    }
    return copied;
  }

  /** Everything that is open, by its number. */
  entries(): [number, Descriptor][] {
    const found: [number, Descriptor][] = [];
    this.slots.forEach((descriptor, number) => {
      if (descriptor !== undefined) found.push([number, descriptor]);
    });
    return found;
  }
}
