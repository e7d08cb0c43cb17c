/**
 * A 64-bit hash of text, fast in plain JavaScript: two lanes of 32 bits over the UTF-16 units, mixed at the
 * end as MurmurHash3 does. It tells a changed trace from an unchanged one; nobody is kept from forging one.
 */
export class TextHash {
  #first = 0xdeadbeef | 0;
  #second = 0x41c6ce57 | 0;

  /** Adds text; two calls are the same as one with both texts joined. */
  update(text: string): this {
    let first = this.#first;
    let second = this.#second;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      first = Math.imul(first ^ unit, 0x9e3779b1);
      second = Math.imul(second ^ unit, 0x5f356495);
    }
    this.#first = first;
    this.#second = second;
    return this;
  }

  /** 16 hex digits; more text may be added afterwards. */
  digest(): string {
    const first = finish(this.#first, this.#second);
    const second = finish(this.#second, first);
    return hex(second) + hex(first);
  }
}

/** The hash of one text: 16 hex digits. */
export function hashText(text: string): string {
  return new TextHash().update(text).digest();
}

function finish(lane: number, other: number): number {
  const mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b) ^ Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}
