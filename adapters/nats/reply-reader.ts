import type { PublishReply } from '../../core/ports/stream.js';

interface Acknowledgement {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

const zero = 0x30;
const brace = 0x7d;
const decoder = new TextDecoder();
const nothing = new Uint8Array(0);

/**
 * Reads answers to publishes. A server's plain yes is the same text each time, but for the sequence at its
 * end: it is parsed once, and the next ones are compared with it.
 */
export class ReplyReader {
  /** What is before the sequence in a plain yes. */
  private yes: Uint8Array = nothing;

  read(data: Uint8Array): PublishReply {
    const known = this.sequenceIn(data);
    if (known > 0) return { kind: 'stored', sequence: known, wasDuplicate: false };
    if (data.length === 0) return { kind: 'nobody' };
    try {
      const text = decoder.decode(data);
      const { seq, duplicate = false, error } = JSON.parse(text) as Acknowledgement;
      if (error !== undefined || seq === undefined) {
        return { kind: 'refused', code: error?.err_code ?? 0, text: error?.description ?? 'no reason given' };
      }
      this.yes = beforeSequence(text, data);
      return { kind: 'stored', sequence: seq, wasDuplicate: duplicate };
    } catch {
      return { kind: 'refused', code: 0, text: 'an answer that is no JSON' };
    }
  }

  /** 0: it is not the text that is known. */
  private sequenceIn(data: Uint8Array): number {
    const { yes } = this;
    const end = data.length - 1;
    if (yes.length === 0 || end <= yes.length || data[end] !== brace) return 0;
    let sequence = 0;
    for (let at = yes.length; at < end; at++) {
      const digit = (data[at] as number) - zero;
      if (digit < 0 || digit > 9) return 0;
      sequence = sequence * 10 + digit;
    }
    for (let at = 0; at < yes.length; at++) if (data[at] !== yes[at]) return 0;
    return sequence;
  }
}

/** Nothing where anything else but the end follows the sequence. */
function beforeSequence(text: string, data: Uint8Array): Uint8Array {
  const [last] = /(?<="seq": ?)\d+}$/.exec(text) ?? [];
  // A copy: the answer is in memory of all that came with it.
  return last === undefined ? nothing : new Uint8Array(data.subarray(0, data.length - last.length));
}
