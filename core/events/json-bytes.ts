const quote = 0x22;
const minus = 0x2d;
const zero = 0x30;
const firstBytes = 64 * 1024;
/** The largest count of digits that a double holds exactly. */
const digitRoom = 20;

/**
 * Writes JSON as bytes into memory that is used again and again. There is an event for each request,
 * thousands a second: as strings they would keep the garbage collector busy beside the loop that answers.
 */
export class JsonBytes {
  bytes = new Uint8Array(firstBytes);
  length = 0;
  private readonly digits = new Uint8Array(digitRoom);
  private readonly limbs = new Uint16Array(4);

  clear(): void {
    this.length = 0;
  }

  /** Text of ours: plain ASCII, nothing in it to escape. */
  ascii(text: string): this {
    const { length } = text;
    this.reserve(length);
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
    this.length = at;
    return this;
  }

  /** An ASCII name in quotes. */
  name(text: string): this {
    this.byte(quote);
    this.ascii(text);
    return this.byte(quote);
  }

  /** Bytes that are JSON already. */
  raw(json: Uint8Array): this {
    this.reserve(json.length);
    this.bytes.set(json, this.length);
    this.length += json.length;
    return this;
  }

  /** A whole number that a double holds exactly. */
  integer(value: number): this {
    this.reserve(digitRoom);
    let rest = value < 0 ? -value : value;
    if (value < 0) this.byte(minus);
    let count = 0;
    do {
      const next = Math.floor(rest / 10);
      this.digits[count++] = zero + (rest - next * 10);
      rest = next;
    } while (rest > 0);
    this.putDigits(count);
    return this;
  }

  /** An unsigned 64-bit number, given as its halves. */
  unsigned64(low: number, high: number): this {
    this.reserve(digitRoom);
    const { limbs } = this;
    limbs[0] = high >>> 16;
    limbs[1] = high & 0xffff;
    limbs[2] = low >>> 16;
    limbs[3] = low & 0xffff;
    let count = 0;
    do {
      this.digits[count++] = zero + this.divideByTen();
    } while ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) !== 0);
    this.putDigits(count);
    return this;
  }

  /** Long division, a limb at a time: the remainder. */
  private divideByTen(): number {
    let remainder = 0;
    for (let index = 0; index < 4; index++) {
      const value = remainder * 0x10000 + (this.limbs[index] as number);
      const quotient = (value / 10) | 0;
      this.limbs[index] = quotient;
      remainder = value - quotient * 10;
    }
    return remainder;
  }

  private putDigits(count: number): void {
    for (let index = count - 1; index >= 0; index--) this.bytes[this.length++] = this.digits[index] as number;
  }

  private byte(value: number): this {
    this.reserve(1);
    this.bytes[this.length++] = value;
    return this;
  }

  private reserve(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
