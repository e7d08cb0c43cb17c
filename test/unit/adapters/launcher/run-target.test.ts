import { describe, expect, test } from 'vitest';
import { parseFileLimit } from '../../../../adapters/launcher/file-limit.js';
import { exitCodeOf, hasItAlready, parseJobState } from '../../../../adapters/launcher/run-target.js';

test('the exit code is the one that a shell would give', () => {
  expect(exitCodeOf({ code: 0, signal: null })).toBe(0);
  expect(exitCodeOf({ code: 42, signal: null })).toBe(42);
  expect(exitCodeOf({ code: null, signal: 'SIGKILL' })).toBe(137);
  expect(exitCodeOf({ code: null, signal: 'SIGTERM' })).toBe(143);
});

describe('a signal is not given twice', () => {
  const foreground = { processGroup: 7, foregroundGroup: 7 };
  const background = { processGroup: 7, foregroundGroup: 9 };

  test('when the terminal sent it to both', () => {
    expect(hasItAlready('SIGINT', foreground, foreground)).toBe(true);
    expect(hasItAlready('SIGTSTP', foreground, foreground)).toBe(true);
  });

  test('but it is passed on when no terminal did', () => {
    expect(hasItAlready('SIGINT', background, background)).toBe(false);
    expect(hasItAlready('SIGINT', { processGroup: 7, foregroundGroup: -1 }, undefined)).toBe(false);
    expect(hasItAlready('SIGINT', undefined, undefined)).toBe(false);
  });

  test('and when the program left the group', () => {
    expect(hasItAlready('SIGINT', foreground, { processGroup: 8, foregroundGroup: 7 })).toBe(false);
  });

  test('and when it is one that a terminal does not send', () => {
    expect(hasItAlready('SIGTERM', foreground, foreground)).toBe(false);
    expect(hasItAlready('SIGUSR1', foreground, foreground)).toBe(false);
  });
});

test('the job of a process whose name is a trap', () => {
  const stat = '4711 (a) b (c) S 4000 4700 4600 34816 4705 4194304 92 0 0';
  expect(parseJobState(stat)).toEqual({ processGroup: 4700, foregroundGroup: 4705 });
});

test('the soft limit of open files', () => {
  const limits = 'Limit                     Soft Limit           Hard Limit           Units\n';
  expect(
    parseFileLimit(`${limits}Max open files            1024                 20000                files\n`),
  ).toBe(1024);
  expect(parseFileLimit(`${limits}Max open files            unlimited            unlimited  files\n`)).toBe(
    undefined,
  );
});
