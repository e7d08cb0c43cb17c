import { describe, expect, it } from 'vitest';
import { deputyError, isDeputyError } from '../../../../core/errors/deputy-error.js';
import { errorTable } from '../../../../core/errors/table.js';

describe('deputyError', () => {
  it('fills the template and keeps code, remedy, details and cause', () => {
    const cause = new Error('because');
    const error = deputyError('DEPUTY_E_DISK_FULL', { path: '/state' }, cause);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'DeputyError', code: 'DEPUTY_E_DISK_FULL', cause });
    expect(error.message).toBe('no space left for /state (because)');
    expect(error.details).toEqual({ path: '/state' });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: error.code,
      message: error.message,
      remedy: error.remedy,
    });
  });

  it("puts the cause's message where a detail is missing, and marks what is unknown", () => {
    expect(deputyError('DEPUTY_E_USAGE', {}, new Error('no such option')).message).toBe(
      'wrong usage: no such option',
    );
    expect(deputyError('DEPUTY_E_DELEGATION_UNKNOWN', { delegationId: undefined }).message).toContain(
      "'(unknown)'",
    );
    expect(deputyError('DEPUTY_E_STRATEGY_UNKNOWN', { strategy: 'x', known: ['a', 'b'] }).message).toBe(
      "there is no strategy 'x'; known: a, b",
    );
  });

  it('inserts a detail as it is, even one that looks like a place or a replacement pattern', () => {
    expect(deputyError('DEPUTY_E_USAGE', { detail: '{detail} $& $1' }).message).toBe(
      'wrong usage: {detail} $& $1',
    );
  });
});

it('isDeputyError tells by class and by code', () => {
  const error: unknown = deputyError('DEPUTY_E_USAGE');
  expect(isDeputyError(error)).toBe(true);
  expect(isDeputyError(error, 'DEPUTY_E_USAGE')).toBe(true);
  expect(isDeputyError(error, 'DEPUTY_E_NOT_ROOT')).toBe(false);
  expect(isDeputyError(new Error('x'))).toBe(false);
});

it.each(Object.entries(errorTable))('%s says what, why and what to do', (code, entry) => {
  expect(code).toMatch(/^DEPUTY_E_[A-Z_]+$/);
  expect(entry.why).toMatch(/\.$/);
  expect(entry.remedy).toMatch(/\.$/);
  expect(entry.what).not.toMatch(/\.$/);
});
