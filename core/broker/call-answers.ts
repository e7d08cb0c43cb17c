import type { CompiledPolicy } from '../request/compiled-policy.js';
import type { RequestRecord } from '../request/record.js';
import { injectionOutcome, offset } from '../request/record-layout.js';
import type { BrokerAnswer, BrokerCall } from './messages.js';

const ENOENT = -2;
const EOVERFLOW = -75;
const noBytes = new Uint8Array();

/**
 * How a handler's answers become packets of one connection. One call is in hand at a time. `peer`: who is at
 * the other end, admitted once, when it connected; undefined for what a dead broker left.
 */
export class CallAnswers<Peer> {
  isOpen = true;
  mountId = 0n;
  handle: Uint8Array = noBytes;
  descriptor = -1;
  private call: BrokerCall | undefined;

  constructor(
    readonly peer: Peer | undefined,
    private readonly policy: () => CompiledPolicy,
    private readonly transmit: (answer: BrokerAnswer, descriptors: readonly number[]) => boolean,
  ) {}

  begin(call: BrokerCall): void {
    this.call = call;
    this.mountId = 0n;
    this.handle = noBytes;
    this.descriptor = -1;
  }

  /** The policy's name for what the target has mounted there. */
  shareName(mountPoint: string): string | undefined {
    return this.policy().shares?.get(mountPoint)?.name;
  }

  /** 0, or -ENOENT where nobody is there any more. */
  send(record: RequestRecord, result: number): number {
    if (!this.isOpen || this.call === undefined) return ENOENT;
    const descriptors = result >= 0 && this.descriptor >= 0 ? [this.descriptor] : [];
    return this.transmit(this.answerOf(this.call, record, result), descriptors) ? 0 : ENOENT;
  }

  /** The handle of a name, as the handler has put it into the record. */
  keepHandle(record: RequestRecord, bytes: number): void {
    const start = record.base + offset.handleData;
    this.handle = record.views.u8.slice(start, start + bytes);
  }

  /** SCM_RIGHTS passes O_PATH descriptors as they are: what takes an injector elsewhere is an answer here. */
  sendInjected(record: RequestRecord, descriptor: number): void {
    this.descriptor = descriptor;
    const sent = this.send(record, 0) === 0;
    record.setI32(offset.result, 0);
    record.setU16(offset.injectionOutcome, sent ? injectionOutcome.completed : injectionOutcome.cancelled);
  }

  private answerOf({ type, id }: BrokerCall, record: RequestRecord, result: number): BrokerAnswer {
    const reason = result < 0 ? record.u16(offset.reason) : 0;
    if (type === 'open_by_handle_at') return { type, id, result, reason };
    const isNamed = result === 0 || (result === EOVERFLOW && reason === 0);
    return {
      type,
      id,
      result,
      reason,
      mountId: isNamed ? this.mountId : 0n,
      neededBytes: isNamed ? record.u32(offset.handleBytes) : 0,
      handleType: isNamed ? record.i32(offset.handleType) : 0,
      handle: result === 0 ? this.handle : noBytes,
    };
  }
}
