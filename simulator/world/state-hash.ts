/**
 * A running hash over all that happens, two words of 32 bits: two runs with the same hash went the same way.
 * Not for keeping anybody out; collisions are no attack here.
 */
export class StateHash {
  private low = 0x811c9dc5;
  private high = 0x9747b28c;
  private readonly known = new Map<string, number>();

  number(value: number): this {
    this.low = Math.imul(this.low ^ value, 0x01000193);
    this.high = Math.imul(this.high ^ this.low, 0x85ebca6b) ^ (this.high >>> 13);
    return this;
  }

  text(value: string): this {
    return this.number(this.hashOf(value));
  }

  get digest(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.high) + hex(this.low);
  }

  /** Names come again and again. */
  private hashOf(text: string): number {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    let hash = 0x811c9dc5;
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    if (this.known.size < 4096) this.known.set(text, hash);
    return hash;
  }
}
