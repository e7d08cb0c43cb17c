import { errnoText } from '../../core/errors/errno.js';
import { refusalCodeById } from '../../core/errors/refusals.js';
import { recordType } from '../../core/request/describe-record.js';
import type { RequestRecord } from '../../core/request/record.js';
import { answerWay, answerWayNames, offset, recoveryNames } from '../../core/request/record-layout.js';

/** How a call ended, as far as anybody outside can tell. */
export interface EndState {
  readonly type: string;
  /** 'ENOENT', or a value. */
  readonly result: string;
  readonly way: string;
  readonly recovery: string;
  readonly reason: string;
  /** The number of the descriptor that the caller was given. */
  readonly descriptor: number | undefined;
  readonly fileType: number;
}

export const endStateFields = [
  'type',
  'result',
  'way',
  'recovery',
  'reason',
  'descriptor',
  'fileType',
] as const satisfies readonly (keyof EndState)[];

/** What a finished record says of its call. */
export function endStateOf(record: RequestRecord): EndState {
  const type = recordType(record);
  const result = record.i32(offset.result);
  const way = record.u8(offset.way);
  const isAnswer = type === 'request.answered' || type === 'request.refused';
  const isDescriptor = isAnswer && result >= 0 && (way === answerWay.addfd || way === answerWay.inject);
  return {
    type,
    result: !isAnswer ? '' : result < 0 ? errnoText(-result) : `${result}`,
    way: isAnswer ? (answerWayNames[way] ?? `${way}`) : '',
    recovery: recoveryNames[record.u8(offset.recovery)] ?? 'none',
    reason: type === 'request.refused' ? (refusalCodeById(record.u16(offset.reason)) ?? '') : '',
    descriptor: isDescriptor ? result : undefined,
    fileType: record.u8(offset.fileType),
  };
}

/** One field that is not as it was. */
export interface Difference {
  readonly call: string;
  readonly field: string;
  readonly recorded: string;
  readonly replayed: string;
}

/** What differs between how a call ended then and now. */
export function differencesOf(
  call: string,
  recorded: EndState | undefined,
  replayed: EndState | undefined,
): Difference[] {
  if (recorded === undefined && replayed === undefined) return [];
  if (recorded === undefined || replayed === undefined) {
    const word = (state: EndState | undefined): string => (state === undefined ? 'no end' : state.type);
    return [{ call, field: 'end', recorded: word(recorded), replayed: word(replayed) }];
  }
  return endStateFields
    .filter((field) => recorded[field] !== replayed[field])
    .map((field) => ({
      call,
      field,
      recorded: String(recorded[field] ?? 'none'),
      replayed: String(replayed[field] ?? 'none'),
    }));
}
