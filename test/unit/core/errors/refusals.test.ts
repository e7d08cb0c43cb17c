import { expect, it } from 'vitest';
import { errnoNumbers } from '../../../../core/errors/errno.js';
import { isRefusalCode, refusal, refusalCodeById, refusalTable } from '../../../../core/errors/refusals.js';

it('keeps the number of each code for ever, since journals hold it', () => {
  const numbers = Object.entries(refusalTable).map(
    ([code, { id }]) => `${id} ${code.replace('DEPUTY_E_REFUSED_', '')}`,
  );
  expect(numbers).toEqual([
    '1 ARCHITECTURE',
    '2 SYSCALL_UNKNOWN',
    '3 MOUNT_NOT_SHARED',
    '4 FILESYSTEM',
    '5 FILE_TYPE',
    '6 CREATING_FLAGS',
    '7 TARGET_NOT_VISIBLE',
    '8 TRACED',
    '9 INJECTION_UNAVAILABLE',
    '10 ACCESS',
    '11 MOUNT_UNREACHABLE',
    '12 HANDLER_FAILED',
    '13 IN_FLIGHT_LIMIT',
    '14 DEADLINE',
    '15 SHUTDOWN',
    '16 THREAD_FILES',
    '17 MAGIC_LINK',
    '18 NOT_SEALED',
    '19 SEAL_KEY',
    '20 SEAL_WRONG',
    '21 SEAL_FILE_TYPE',
    '22 SEAL_ROOM',
    '23 FILE_SYSTEM_ID',
    '24 SEAL_UNAVAILABLE',
    '25 MOUNT_ROOT',
    '26 FOREIGN_TARGET',
  ]);
});

it('finds codes by number and knows its own', () => {
  expect(refusalCodeById(10)).toBe('DEPUTY_E_REFUSED_ACCESS');
  expect(refusalCodeById(0)).toBeUndefined();
  expect(refusalCodeById(65535)).toBeUndefined();
  expect(isRefusalCode('DEPUTY_E_REFUSED_DEADLINE')).toBe(true);
  expect(isRefusalCode('toString')).toBe(false);
  expect(refusal('DEPUTY_E_REFUSED_DEADLINE').errnoSource).toBe('policy');
});

it('never tells a target ENOSYS or EINTR', () => {
  const told = Object.values(refusalTable).map(({ errno }) => errnoNumbers[errno]);
  expect(told).not.toContain(errnoNumbers.ENOSYS);
  expect(told).not.toContain(errnoNumbers.EINTR);
});
