import { errnoNumbers } from '../errors/errno.js';
import { refusalTable } from '../errors/refusals.js';
import type { DegradationReason } from '../events/lifecycle-data.js';
import { requestState } from '../machines/request-life.js';
import type { RequestRecord } from './record.js';
import { answerWay, offset } from './record-layout.js';

/** How a target uses handles, as its calls show; times are monotonic, microseconds. */
export interface HandleUse {
  /** Calls until then are in it; absent: all that there were. */
  readonly knownUntilUs?: number;
  /** Handles that it was given, and files that it opened by one. */
  readonly named: number;
  readonly opened: number;
  /** Of any call that had its answer or refusal. */
  readonly firstCallAtUs: number;
  readonly lastCallAtUs: number;
  /** The first and the last name; the first one only since the last open. */
  readonly namedSinceUs: number | undefined;
  readonly lastNamedAtUs: number | undefined;
  readonly lastOpenedAtUs: number | undefined;
  /** The last call since the last open that failed as handles do where they don't work. */
  readonly failure: { readonly atUs: number; readonly errno: number } | undefined;
  /** Why it was told of as degraded, since its last open. */
  readonly told?: DegradationReason | undefined;
}

/** The same of one delegation, as a checkpoint keeps it: JSON leaves out what there is not. */
export interface StoredUse {
  readonly delegationId: string;
  readonly named: number;
  readonly opened: number;
  readonly firstCallAtUs: number;
  readonly lastCallAtUs: number;
  readonly namedSinceUs?: number | undefined;
  readonly lastNamedAtUs?: number | undefined;
  readonly lastOpenedAtUs?: number | undefined;
  readonly failure?: { readonly atUs: number; readonly errno: number } | undefined;
  readonly told?: DegradationReason | undefined;
}

type Writable = { -readonly [Field in Exclude<keyof HandleUse, 'knownUntilUs'>]: HandleUse[Field] };

/** What virtiofsd and others take for 'handles don't work here'; ESTALE and EACCES are of one file alone. */
const unusable: ReadonlySet<number> = new Set([
  errnoNumbers.EPERM,
  errnoNumbers.ENOSYS,
  errnoNumbers.EOPNOTSUPP,
]);

/** Refusals of one file, or of one thread's moment: with the next file it may be otherwise. */
const ofOneFile: ReadonlySet<number> = new Set([
  refusalTable.DEPUTY_E_REFUSED_FILE_TYPE.id,
  refusalTable.DEPUTY_E_REFUSED_TRACED.id,
  refusalTable.DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE.id,
]);

/** Counts how delegated targets use handles, request by request. */
export class HandleUses {
  private readonly byDelegation = new Map<string, Writable>();
  private knownUntilUs = 0;

  /** Takes in a request that has ended. */
  count(delegationId: string, syscall: string, record: RequestRecord): void {
    const state = record.u16(offset.state);
    if (state !== requestState.answered && state !== requestState.refused) return;
    // What the kernel made of a call that was left to it is not known.
    if (record.u8(offset.way) === answerWay.continue) return;
    const atUs = record.f64(offset.answeredAtUs);
    const result = record.i32(offset.result);
    this.knownUntilUs = Math.max(this.knownUntilUs, atUs);
    const use = this.of(delegationId, atUs);
    use.lastCallAtUs = atUs;
    if (result < 0) {
      const isRefused = state === requestState.refused;
      if (isRefused && ofOneFile.has(record.u16(offset.reason))) return;
      // Whoever has opened files asks for names on other mounts, too, which may have none.
      const isTelling = syscall === 'open_by_handle_at' || use.opened === 0;
      if (isTelling && unusable.has(-result)) use.failure = { atUs, errno: -result };
      return;
    }
    if (syscall === 'name_to_handle_at') {
      use.named++;
      use.namedSinceUs ??= atUs;
      use.lastNamedAtUs = atUs;
      return;
    }
    if (syscall !== 'open_by_handle_at') return;
    use.opened++;
    use.lastOpenedAtUs = atUs;
    use.namedSinceUs = undefined;
    use.failure = undefined;
    use.told = undefined;
  }

  /** `isComplete`: all requests that have ended were taken in, and not only those up to some moment. */
  useOf(delegationId: string, isComplete: boolean): HandleUse | undefined {
    const use = this.byDelegation.get(delegationId);
    if (use === undefined || isComplete) return use;
    return { ...use, knownUntilUs: this.knownUntilUs };
  }

  /** It was told of as degraded, by who had seen so many opens; one more of them has ended that already. */
  told(delegationId: string, reason: DegradationReason, opened: number): void {
    const use = this.byDelegation.get(delegationId);
    if (use !== undefined && use.opened <= opened) use.told = reason;
  }

  /** All that is known, for whoever reads the same journal from here on. */
  list(): StoredUse[] {
    return [...this.byDelegation].map(([delegationId, use]) => ({ delegationId, ...structuredClone(use) }));
  }

  restore(uses: readonly StoredUse[]): void {
    for (const { delegationId, ...use } of uses) {
      const { namedSinceUs, lastNamedAtUs, lastOpenedAtUs, failure, told } = use;
      const known = { ...use, namedSinceUs, lastNamedAtUs, lastOpenedAtUs, failure, told };
      this.byDelegation.set(delegationId, known);
      this.knownUntilUs = Math.max(this.knownUntilUs, use.lastCallAtUs);
    }
  }

  /** It has ended, and nobody asks for it any more. */
  forget(delegationId: string): void {
    this.byDelegation.delete(delegationId);
  }

  private of(delegationId: string, atUs: number): Writable {
    let use = this.byDelegation.get(delegationId);
    if (use === undefined) {
      use = {
        named: 0,
        opened: 0,
        firstCallAtUs: atUs,
        lastCallAtUs: atUs,
        namedSinceUs: undefined,
        lastNamedAtUs: undefined,
        lastOpenedAtUs: undefined,
        failure: undefined,
        told: undefined,
      };
      this.byDelegation.set(delegationId, use);
    }
    return use;
  }
}
