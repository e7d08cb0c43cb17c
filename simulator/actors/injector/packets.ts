import type { PacketPort } from '../../../core/injector/injection-client.js';
import type { InjectorMemory } from '../../../core/injector/injector-kernel.js';
import { no } from '../../kernel/numbers.js';
import { type OpenDescription, type Packet, PacketSocket } from '../../kernel/open-description.js';
import type { ModelProcess } from '../../kernel/process.js';

/** A page of a modelled process's memory. */
export function allocatePage(process: ModelProcess): InjectorMemory {
  const address = process.memory.map(4096);
  const bytes = process.memory.find(address)?.bytes ?? new Uint8Array(4096);
  const { buffer } = bytes;
  return {
    address,
    u8: bytes,
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    i32: new Int32Array(buffer),
    u64: new BigUint64Array(buffer),
  };
}

/** A connected pair of channels. */
export function packetPair(): [PacketSocket, PacketSocket] {
  const ends: [PacketSocket, PacketSocket] = [new PacketSocket(), new PacketSocket()];
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}

/** Sends a process's bytes, with descriptors of its own. */
export function sendPacket(
  process: ModelProcess,
  channel: number,
  address: number,
  bytes: number,
  passed: readonly number[],
): number {
  const socket = process.table.at(channel);
  const view = process.memory.view(address, bytes);
  if (!(socket instanceof PacketSocket) || view === undefined) return no('EBADF');
  const descriptions = passed.map((number) => process.table.at(number));
  if (descriptions.some((one) => one === undefined)) return no('EBADF');
  return socket.send(view, descriptions as OpenDescription[]) ?? no('EPIPE');
}

/** The next packet of a channel: -EAGAIN, or 0 at its end. */
export function takePacket(process: ModelProcess, channel: number): Packet | number {
  const socket = process.table.at(channel);
  if (!(socket instanceof PacketSocket)) return no('EBADF');
  const packet = socket.packets.shift();
  if (packet !== undefined) return packet;
  return socket.isPeerClosed ? 0 : no('EAGAIN');
}

/** The packets of a supervisor's loop. */
export function modelPackets(process: ModelProcess): PacketPort {
  return {
    memory: allocatePage(process),
    send: (channel, address, bytes, passed) => sendPacket(process, channel, address, bytes, passed),
    receive: (channel, address) => {
      const packet = takePacket(process, channel);
      if (typeof packet === 'number') return packet;
      process.memory.view(address, packet.bytes.length)?.set(packet.bytes);
      return packet.bytes.length;
    },
    close: (channel) => process.table.close(channel),
  };
}
