import { describe, expect, test } from 'vitest';
import { ReplyReader } from '../../../../adapters/nats/reply-reader.js';

const encoder = new TextEncoder();

function yes(sequence: number, stream = 'deputy-n'): string {
  return `{"stream":"${stream}", "seq":${sequence}}`;
}

function stored(sequence: number, wasDuplicate = false) {
  return { kind: 'stored', sequence, wasDuplicate };
}

/** What one reader makes of answers that follow each other. */
function readAll(...texts: string[]) {
  const reader = new ReplyReader();
  return texts.map((text) => reader.read(encoder.encode(text)));
}

describe('answers to publishes', () => {
  test('plain ones, whatever digits their sequences have', () => {
    const sequences = [1, 2, 9, 10, 4_711, 9_007_199_254_740_991];
    expect(readAll(...sequences.map((sequence) => yes(sequence)))).toEqual(
      sequences.map((sequence) => stored(sequence)),
    );
  });

  test('a duplicate and a refusal between plain ones are what they are', () => {
    const refused =
      '{"error":{"code":400,"err_code":10071,"description":"wrong"},"stream":"deputy-n","seq":0}';
    expect(
      readAll(yes(7), '{"stream":"deputy-n", "seq":7,"duplicate": true}', yes(8), refused, yes(9)),
    ).toEqual([
      stored(7),
      stored(7, true),
      stored(8),
      { kind: 'refused', code: 10071, text: 'wrong' },
      stored(9),
    ]);
  });

  test('what differs before the sequence is read anew, and so is what has more behind it', () => {
    const longer = '{"stream":"deputy-n", "seq":4,"domain":"hub","count":6}';
    expect(readAll(yes(3), yes(4, 'deputy-m'), longer, longer.replace('6', '7'), yes(5))).toEqual([
      stored(3),
      stored(4),
      stored(4),
      stored(4),
      stored(5),
    ]);
  });

  test('what is no answer of a stream is a refusal, and nothing at all is nobody', () => {
    const noJson = { kind: 'refused', code: 0, text: 'an answer that is no JSON' };
    expect(readAll(yes(1), yes(1).replace('1}', '1x}'), '{"stream":"deputy-n"}', '')).toEqual([
      stored(1),
      noJson,
      { kind: 'refused', code: 0, text: 'no reason given' },
      { kind: 'nobody' },
    ]);
  });

  test('it keeps nothing of the memory that an answer came in', () => {
    const reader = new ReplyReader();
    const memory = encoder.encode(yes(1));
    reader.read(memory);
    memory.fill(0);
    expect(reader.read(encoder.encode(yes(2)))).toEqual(stored(2));
  });
});
