/** A mapping of a process. */
export interface Region {
  readonly start: number;
  readonly bytes: Uint8Array;
  /** Private, anonymous and writable: touching it waits for nobody. */
  readonly isAnonymous: boolean;
}

/** A process's memory: a few mappings, looked up by address. */
export class ThreadMemory {
  private readonly regions: Region[] = [];
  private nextMapped = 0x7f10_0000_0000;

  add(start: number, bytes: number, isAnonymous = true): Region {
    const region = { start, bytes: new Uint8Array(bytes), isAnonymous };
    this.regions.push(region);
    return region;
  }

  /** mmap(2) of anonymous memory: its address. */
  map(bytes: number): number {
    const start = this.nextMapped;
    this.nextMapped += Math.ceil(bytes / 4096) * 4096;
    this.add(start, bytes);
    return start;
  }

  unmap(start: number): boolean {
    const index = this.regions.findIndex((region) => region.start === start);
    if (index >= 0) this.regions.splice(index, 1);
    return index >= 0;
  }

  unmapAll(): void {
    this.regions.length = 0;
  }

  find(address: number): Region | undefined {
    return this.regions.find(({ start, bytes }) => address >= start && address < start + bytes.length);
  }

  /** The bytes from an address on, as many as are mapped; undefined when none is. */
  view(address: number, count: number): Uint8Array | undefined {
    const region = this.find(address);
    if (region === undefined) return undefined;
    const at = address - region.start;
    return region.bytes.subarray(at, Math.min(region.bytes.length, at + count));
  }
}
