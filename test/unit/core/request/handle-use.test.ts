import { expect, test } from 'vitest';
import { requestState } from '../../../../core/machines/request-life.js';
import { HandleUses } from '../../../../core/request/handle-use.js';
import { RecordViews, RequestRecord } from '../../../../core/request/record.js';
import { answerWay, offset, recordBytes } from '../../../../core/request/record-layout.js';

const views = new RecordViews({ buffer: new ArrayBuffer(recordBytes), address: 0 });
const record = new RequestRecord().attach(views, 0, 1);

function count(uses: HandleUses, syscall: string, atUs: number, result: number, more: object = {}): void {
  const { state = 'answered', way = 'addfd' } = more as { state?: 'cancelled'; way?: 'continue' };
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

test('where requests are left to be read, it is said until when they are known', () => {
  const uses = new HandleUses();
  count(uses, 'name_to_handle_at', 5, 0);
  expect(uses.useOf('a', false)).toMatchObject({ named: 1, knownUntilUs: 5 });
});
