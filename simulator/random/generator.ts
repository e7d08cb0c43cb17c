const golden = 0x9e3779b97f4a7c15n;
const mask = 0xffff_ffff_ffff_ffffn;

/** One round of splitmix64 (Steele, Lea and Flood, 2014): spreads a seed's bits. */
function splitmix(state: bigint): bigint {
  let mixed = state & mask;
  mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask;
  return mixed ^ (mixed >> 31n);
}

/**
 * The one source of chance: xoshiro128** (Blackman and Vigna, 2018), seeded with splitmix64. `fork` gives
 * another stream of the same seed for a purpose, so that a fault that is added shifts nobody else's numbers.
 */
export class Generator {
  private readonly state = new Uint32Array(4);

  constructor(private readonly seed: bigint) {
    const low = splitmix(seed + golden);
    const high = splitmix(seed + 2n * golden);
    this.state.set([low & 0xffffffffn, low >> 32n, high & 0xffffffffn, high >> 32n].map(Number));
    if (this.state.every((word) => word === 0)) this.state[0] = 1;
  }

  /** Another stream of the same seed, always the same for the same purpose. */
  fork(purpose: string): Generator {
    let mixed = this.seed;
    for (let index = 0; index < purpose.length; index++) {
      mixed = splitmix(mixed + golden + BigInt(purpose.charCodeAt(index)));
    }
    return new Generator(mixed);
  }

  /** 32 random bits. */
  next(): number {
    const { state } = this;
    const second = state[1] as number;
    const result = Math.imul(rotate(Math.imul(second, 5), 7), 9) >>> 0;
    const shifted = second << 9;
    state[2] = (state[2] as number) ^ (state[0] as number);
    state[3] = (state[3] as number) ^ second;
    state[1] = second ^ (state[2] as number);
    state[0] = (state[0] as number) ^ (state[3] as number);
    state[2] = (state[2] as number) ^ shifted;
    state[3] = rotate(state[3] as number, 11);
    return result;
  }

  /** A whole number from 0 to before `bound`. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000;
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
