import fc from 'fast-check';
import { expect, test } from 'vitest';
import { validateEvent } from '../../../../core/events/validate-event.js';
import { requestState, requestStates } from '../../../../core/machines/request-life.js';
import { describeRecord } from '../../../../core/request/describe-record.js';
import { RecordViews, RequestRecord, standaloneRecord } from '../../../../core/request/record.js';
import { answerWay, offset, openMode, recordBytes } from '../../../../core/request/record-layout.js';

const syscallName = (number: number): string => (number === 304 ? 'open_by_handle_at' : `syscall ${number}`);

function wrap(type: string, data: unknown): unknown {
  const id = 'blue-1';
  return {
    id: `${id}/1`,
    type,
    version: 1,
    schemaVersion: 1,
    time: '2026-01-01T00:00:00.000Z',
    node: 'node',
    tenant: 'blue',
    delegationId: id,
    correlationId: id,
    causationId: id,
    epoch: 1,
    data,
  };
}

test('an answered open says what was asked and what came', () => {
  const record = standaloneRecord();
  record.setU16(offset.state, requestState.answered);
  record.setU32(offset.syscallNumber, 304);
  record.setU32(offset.threadId, 4711);
  record.setU32(offset.notificationId, 0xfffffff0);
  record.setU32(offset.notificationId + 4, 0xffffffff);
  record.setI32(offset.arguments + 16, 0o12000000);
  record.setU32(offset.handleBytes, 8);
  record.setI32(offset.handleType, 1);
  record.setU32(offset.keyId, 0x00ab_cdef);
  record.setF64(offset.mountId, 29);
  record.setF64(offset.receivedAtUs, 1_000_000.04);
  record.setF64(offset.answeredAtUs, 1_000_021.26);
  record.setU8(offset.fileType, 8);
  record.setU8(offset.openMode, openMode.fast);
  record.setU8(offset.way, answerWay.addfd);
  record.setI32(offset.result, 7);
  record.setU16(offset.traceCount, 14);
  expect(describeRecord(record, syscallName)).toEqual({
    type: 'request.answered',
    data: {
      requestId: '0-0',
      syscall: 'open_by_handle_at',
      threadId: 4711,
      notificationId: '18446744073709551600',
      recovery: 'none',
      latencyUs: 21.2,
      steps: 14,
      handleBytes: 8,
      handleType: 1,
      keyId: '00abcdef',
      mountId: 29,
      flags: ['O_RDONLY', 'O_CLOEXEC', 'O_PATH'],
      fileType: 'regular',
      opath: 'fast',
      result: { value: 7 },
      way: 'addfd',
    },
  });
});

test('an errno, a refusal and a cancelled request', () => {
  const record = standaloneRecord();
  record.setI32(offset.result, -116);
  record.setU16(offset.state, requestState.answered);
  expect(describeRecord(record, syscallName).data).toMatchObject({
    result: { errno: 'ESTALE', number: 116 },
    way: 'send',
  });
  record.setU16(offset.state, requestState.refused);
  const refused = describeRecord(record, syscallName);
  expect(refused).toMatchObject({ type: 'request.refused' });
  expect(refused.data['reason']).toMatch(/^DEPUTY_E_REFUSED_/);
  record.setU16(offset.state, requestState.cancelled);
  const cancelled = describeRecord(record, syscallName);
  expect(cancelled.type).toBe('request.cancelled');
  expect(cancelled.data).not.toHaveProperty('result');
});

test('whatever stands in a record, a valid event comes of it', () => {
  const ended = requestStates.flatMap((name, state) =>
    ['answered', 'refused', 'cancelled', 'lost'].includes(name) ? [state] : [],
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: recordBytes, maxLength: recordBytes }),
      fc.constantFrom(...ended),
      fc.constantFrom(0, 1, 2, 3, 4),
      fc.integer({ min: -4095, max: 0x7fffffff }),
      fc.double({ min: 0, max: 1e15, noNaN: true }),
      (bytes, state, way, result, timeUs) => {
        const views = new RecordViews({ buffer: new Uint8Array(bytes).buffer as ArrayBuffer, address: 0 });
        const record = new RequestRecord().attach(views, 0, 12);
        record.setU16(offset.state, state);
        record.setU8(offset.way, way);
        record.setI32(offset.result, result);
        record.setF64(offset.receivedAtUs, timeUs);
        record.setF64(offset.answeredAtUs, timeUs + 17.3);
        record.setF64(offset.mountId, 29);
        const { type, data } = describeRecord(record, syscallName);
        expect(validateEvent(wrap(type, data))).toMatchObject({ type, data });
      },
    ),
  );
});
