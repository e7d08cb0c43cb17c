import type { Asker, Injection } from './injection.js';
import type { InjectorKernel, InjectorMemory } from './injector-kernel.js';
import { beginPacket, packetBytes, packetType, replyField } from './protocol.js';
import type { ReissueBatch } from './reissue-batch.js';
import { encodeReissueReply, reissuePacketBytes } from './reissue-protocol.js';

/**
 * Sends replies. One that nobody takes is dropped: whoever asks next about this call is told from what is
 * remembered.
 */
export class Replies {
  private readonly memory: InjectorMemory;

  constructor(private readonly kernel: InjectorKernel) {
    this.memory = kernel.allocate();
  }

  /** Tells all who asked, once. */
  send(injection: Injection): void {
    if (injection.replied) return;
    injection.replied = true;
    for (const asker of injection.askers) this.sendTo(asker, injection);
  }

  /** Tells one who asked when the others had been told already. */
  sendTo({ channel, token }: Asker, injection: Injection): void {
    if (channel.descriptor < 0) return;
    const { u32, i32, address } = this.memory;
    beginPacket(u32, 0, packetBytes.reply, packetType.reply, token);
    i32[replyField.result >> 2] = injection.result;
    u32[replyField.outcome >> 2] = injection.outcome;
    u32[replyField.subStep >> 2] = injection.subStep;
    u32[replyField.reason >> 2] = injection.reason;
    u32[replyField.notes >> 2] = injection.notes;
    const endedAtMs = injection.endedAtMs || this.kernel.nowMs();
    u32[replyField.durationUs >> 2] = Math.round((endedAtMs - injection.startedAtMs) * 1000);
    this.kernel.sendWithDescriptors(channel.descriptor, address, packetBytes.reply, []);
  }

  /** Tells what became of the threads of a reissue. */
  sendReissue({ channel, token, codes, endedWaits }: ReissueBatch, result: number): void {
    if (channel.descriptor < 0) return;
    encodeReissueReply({ words: this.memory.u32, at: 0 }, { token, result, endedWaits, codes });
    this.kernel.sendWithDescriptors(channel.descriptor, this.memory.address, reissuePacketBytes.reply, []);
  }
}
