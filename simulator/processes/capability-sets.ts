import { no } from '../kernel/numbers.js';

/** Capabilities by number (linux/capability.h). */
export const capability = {
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
} as const;

/** A capability as a bit of a set. */
export function bit(number: number): bigint {
  return 1n << BigInt(number);
}

/** Everything that the modelled machine has. */
export const allCapabilities = (1n << 41n) - 1n;

/** The five sets of one process and what decides how they change (capabilities(7)). */
export class CapabilitySets {
  effective = 0n;
  permitted = 0n;
  inheritable = 0n;
  bounding = allCapabilities;
  ambient = 0n;
  user = 0;
  noNewPrivileges = false;
  /** PR_SET_KEEPCAPS: what is permitted stays when the user is root no longer. */
  keeps = false;
  /** SECBIT_NOROOT: user 0 gains nothing by executing. */
  noRoot = false;

  static root(): CapabilitySets {
    const sets = new CapabilitySets();
    sets.effective = sets.permitted = allCapabilities;
    return sets;
  }

  copy(): CapabilitySets {
    return Object.assign(new CapabilitySets(), this);
  }

  has(number: number): boolean {
    return (this.effective & bit(number)) !== 0n;
  }

  /** PR_CAPBSET_DROP of all but these. */
  cutBounding(left: bigint): number {
    if (!this.has(capability.SETPCAP)) return no('EPERM');
    this.bounding &= left;
    return 0;
  }

  /** setresuid(2): root's end takes what is effective, and all of it unless it is to be kept. */
  setUser(user: number): number {
    if (user !== this.user && !this.has(capability.SETUID)) return no('EPERM');
    if (this.user === 0 && user !== 0) {
      this.effective = this.ambient = 0n;
      if (!this.keeps) this.permitted = 0n;
    }
    this.user = user;
    return 0;
  }

  /** capset(2) with the same bits as effective, permitted and inheritable. */
  set(bits: bigint): number {
    if ((bits & ~this.permitted) !== 0n) return no('EPERM');
    if ((bits & ~(this.inheritable | this.permitted)) !== 0n) return no('EPERM');
    this.effective = this.permitted = this.inheritable = bits;
    this.ambient &= bits;
    return 0;
  }

  raiseAmbient(bits: bigint): number {
    if ((bits & ~(this.permitted & this.inheritable)) !== 0n) return no('EPERM');
    this.ambient |= bits;
    return 0;
  }

  /** execve(2) of a program without file capabilities. */
  execute(): void {
    const gained = this.user === 0 && !this.noRoot ? this.inheritable | this.bounding : this.ambient;
    this.effective = this.permitted = this.noNewPrivileges
      ? gained & (this.permitted | this.ambient)
      : gained;
    this.keeps = false;
  }

  /** All sets, as /proc/PID/status has them: effective, permitted, inheritable, bounding, ambient. */
  get all(): readonly bigint[] {
    return [this.effective, this.permitted, this.inheritable, this.bounding, this.ambient];
  }
}
