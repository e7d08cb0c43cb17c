import { expect, test } from 'vitest';
import { refusalTable } from '../../../../core/errors/refusals.js';
import { requestState } from '../../../../core/machines/request-life.js';
import { HandleUses } from '../../../../core/request/handle-use.js';
import { RecordViews, RequestRecord } from '../../../../core/request/record.js';
import { answerWay, offset, recordBytes } from '../../../../core/request/record-layout.js';

const views = new RecordViews({ buffer: new ArrayBuffer(recordBytes), address: 0 });
const record = new RequestRecord().attach(views, 0, 1);

function count(uses: HandleUses, syscall: string, atUs: number, result: number, more: object = {}): void {
  const given = more as { state?: 'cancelled'; way?: 'continue'; reason?: number };
  const { state = 'answered', way = 'addfd', reason = 0 } = given;
  record.setU16(offset.reason, reason);
  record.setU16(offset.state, requestState[result < 0 && state === 'answered' ? 'refused' : state]);
  record.setU8(offset.way, answerWay[way]);
  record.setI32(offset.result, result);
  record.setF64(offset.answeredAtUs, atUs);
  uses.count('a', syscall, record);
}

test('names, opens and failures are told apart; an open ends what failed before', () => {
  const uses = new HandleUses();
  expect(uses.useOf('a', true)).toBeUndefined();
  count(uses, 'name_to_handle_at', 1, 0);
  count(uses, 'open_by_handle_at', 2, -1);
  expect(uses.useOf('a', true)).toEqual({
    named: 1,
    opened: 0,
    firstCallAtUs: 1,
    lastCallAtUs: 2,
    namedSinceUs: 1,
    lastNamedAtUs: 1,
    lastOpenedAtUs: undefined,
    failure: { atUs: 2, errno: 1 },
  });
  count(uses, 'open_by_handle_at', 3, 7);
  expect(uses.useOf('a', true)).toMatchObject({ opened: 1, lastOpenedAtUs: 3, failure: undefined });
  expect(uses.useOf('b', true)).toBeUndefined();
  uses.forget('a');
  expect(uses.useOf('a', true)).toBeUndefined();
});

test('a file that is gone or not permitted says nothing of handles, nor does what has no answer', () => {
  const uses = new HandleUses();
  count(uses, 'open_by_handle_at', 1, 0, { state: 'cancelled' });
  count(uses, 'open_by_handle_at', 1, 0, { way: 'continue' });
  expect(uses.useOf('a', true)).toBeUndefined();
  for (const errno of [116, 13]) count(uses, 'open_by_handle_at', 2, -errno);
  expect(uses.useOf('a', true)).toMatchObject({ opened: 0, failure: undefined });
});

test('nor does what is refused for one file, or a name that a later mount has none of', () => {
  const uses = new HandleUses();
  const reason = refusalTable.DEPUTY_E_REFUSED_FILE_TYPE.id;
  count(uses, 'open_by_handle_at', 1, -1, { reason });
  expect(uses.useOf('a', true)?.failure).toBeUndefined();
  count(uses, 'open_by_handle_at', 2, 5);
  count(uses, 'name_to_handle_at', 3, -95);
  expect(uses.useOf('a', true)?.failure).toBeUndefined();
  count(uses, 'open_by_handle_at', 4, -95);
  expect(uses.useOf('a', true)?.failure).toEqual({ atUs: 4, errno: 95 });
});

test('the first name since the last open is known', () => {
  const uses = new HandleUses();
  count(uses, 'open_by_handle_at', 1, 5);
  for (const at of [2, 3]) count(uses, 'name_to_handle_at', at, 0);
  expect(uses.useOf('a', true)).toMatchObject({ namedSinceUs: 2, lastNamedAtUs: 3 });
  count(uses, 'open_by_handle_at', 4, 5);
  expect(uses.useOf('a', true)?.namedSinceUs).toBeUndefined();
});

test('where requests are left to be read, it is said until when they are known', () => {
  const uses = new HandleUses();
  count(uses, 'name_to_handle_at', 5, 0);
  expect(uses.useOf('a', false)).toMatchObject({ named: 1, knownUntilUs: 5 });
});

test('what was told is known to who goes on, until the next open, and not behind one that came meanwhile', () => {
  const uses = new HandleUses();
  uses.told('a', 'silent', 0);
  expect(uses.useOf('a', true)).toBeUndefined();
  count(uses, 'open_by_handle_at', 1, 7);
  uses.told('a', 'silent', 0);
  expect(uses.useOf('a', true)?.told).toBeUndefined();
  uses.told('a', 'silent', 1);
  const successor = new HandleUses();
  successor.restore(JSON.parse(JSON.stringify(uses.list())));
  expect(successor.useOf('a', true)).toEqual(uses.useOf('a', true));
  expect(successor.useOf('a', false)).toMatchObject({ told: 'silent', knownUntilUs: 1 });
  count(successor, 'open_by_handle_at', 2, 7);
  expect(successor.useOf('a', true)).toMatchObject({ told: undefined, opened: 2 });
  // Two that know the same keep nothing in common.
  expect(uses.useOf('a', true)).toMatchObject({ told: 'silent', opened: 1 });
});
