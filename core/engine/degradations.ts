import { deputyError } from '../errors/deputy-error.js';
import { errnoText } from '../errors/errno.js';
import type { DegradationReason } from '../events/lifecycle-data.js';
import type { Degradation as Thresholds } from '../policy/schema.js';
import type { HandleUse } from '../request/handle-use.js';

/** A target that stopped using handles, or never began. */
export interface Degradation {
  readonly reason: DegradationReason;
  /** A coded sentence, and what can be done. */
  readonly error: ReturnType<typeof deputyError>;
  /** How long it has been so, milliseconds. */
  readonly quietMs: number;
  /** The errno after which it was so, where there was one. */
  readonly errno: string | undefined;
}

/** What is remembered of a delegation between two looks. */
interface Memory {
  /** It has opened by handle, or may have before this process came. */
  hasOpened: boolean;
  /** The last open, or when it was first looked at. */
  lastOpenedAtUs: number;
  spell: Degradation | undefined;
}

const sentences: Readonly<Record<DegradationReason, string>> = {
  'never-opened': 'it asked for handles or files by them, and never opened one',
  'open-failed': 'a call failed as where handles do not work, and it opened nothing since',
  'named-only': 'it goes on to ask for handles, and opens nothing by them',
  silent: 'it opened files by handle, and now makes no such call at all',
};

/**
 * Notices when targets stop using handles, as virtiofsd does without a word when its first try fails
 * (`--inode-file-handles=prefer`): it then holds a descriptor for each file of its guest. Each spell is told
 * once, and ends with an open.
 */
export class Degradations {
  private readonly memories = new Map<string, Memory>();

  /** A delegation of a predecessor: what it did before is not known. */
  adopt(id: string, nowUs: number): void {
    this.memories.set(id, { hasOpened: true, lastOpenedAtUs: nowUs, spell: undefined });
  }

  forget(id: string): void {
    this.memories.delete(id);
  }

  /** The spell could not be told: the next look begins it again. */
  untold(id: string): void {
    const memory = this.memories.get(id);
    if (memory !== undefined) memory.spell = undefined;
  }

  /** The spell that a delegation is in. */
  spellOf(id: string): Degradation | undefined {
    return this.memories.get(id)?.spell;
  }

  /** Looks at a delegation: a spell that begins with this look, or undefined. */
  look(
    id: string,
    use: HandleUse | undefined,
    thresholds: Thresholds,
    nowUs: number,
  ): Degradation | undefined {
    const memory = this.memories.get(id) ?? { hasOpened: false, lastOpenedAtUs: nowUs, spell: undefined };
    this.memories.set(id, memory);
    if (use === undefined) return undefined;
    const { lastOpenedAtUs } = use;
    if (lastOpenedAtUs !== undefined && (!memory.hasOpened || lastOpenedAtUs > memory.lastOpenedAtUs)) {
      memory.hasOpened = true;
      memory.lastOpenedAtUs = lastOpenedAtUs;
      memory.spell = undefined;
    }
    // A predecessor told of it, or this process before it read the journal anew: once is enough.
    if (use.told !== undefined) memory.spell ??= spellOf(use.told, 0, use);
    if (memory.spell !== undefined) return undefined;
    memory.spell = judge(use, memory, thresholds, nowUs);
    return memory.spell;
  }
}

function spellOf(reason: DegradationReason, quietMs: number, { failure }: HandleUse): Degradation {
  return {
    reason,
    error: deputyError('DEPUTY_E_TARGET_DEGRADED', { detail: sentences[reason] }),
    quietMs,
    errno: failure === undefined ? undefined : errnoText(failure.errno),
  };
}

function judge(
  use: HandleUse,
  memory: Memory,
  { afterMs, silentMs }: Thresholds,
  nowUs: number,
): Degradation | undefined {
  const { failure, firstCallAtUs, lastCallAtUs, namedSinceUs, lastNamedAtUs } = use;
  const spell = (reason: DegradationReason, sinceUs: number): Degradation =>
    spellOf(reason, Math.round((nowUs - sinceUs) / 1_000), use);
  const isOver = (sinceUs: number, thresholdMs: number): boolean =>
    thresholdMs > 0 && nowUs - sinceUs >= thresholdMs * 1_000;
  if (!memory.hasOpened) {
    return isOver(firstCallAtUs, afterMs) ? spell('never-opened', firstCallAtUs) : undefined;
  }
  if (failure !== undefined && isOver(failure.atUs, afterMs)) return spell('open-failed', failure.atUs);
  // One that was idle asks for a handle before it opens again: it has to have asked for long, in vain.
  if (namedSinceUs !== undefined && lastNamedAtUs !== undefined) {
    const asksSinceUs = Math.max(namedSinceUs, memory.lastOpenedAtUs);
    const asksOn = afterMs > 0 && lastNamedAtUs - asksSinceUs >= afterMs * 1_000;
    if (asksOn) return spell('named-only', asksSinceUs);
  }
  return isOver(lastCallAtUs, silentMs) ? spell('silent', lastCallAtUs) : undefined;
}
