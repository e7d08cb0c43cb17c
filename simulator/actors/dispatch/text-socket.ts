import { type OpenDescription, PacketSocket } from '../../kernel/open-description.js';
import type { TreeProcess } from '../../processes/tree-process.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface TextPacket {
  readonly text: string;
  readonly passed: readonly OpenDescription[];
}

/** Two ends of a SOCK_SEQPACKET pair. */
export function packetPair(): [PacketSocket, PacketSocket] {
  const pair: [PacketSocket, PacketSocket] = [new PacketSocket(), new PacketSocket()];
  pair[0].peer = pair[1];
  pair[1].peer = pair[0];
  return pair;
}

/** False when the other end is closed. */
export function sendText(
  socket: PacketSocket,
  text: string,
  passed: readonly OpenDescription[] = [],
): boolean {
  return socket.send(encoder.encode(text), passed) !== undefined;
}

/** The next packet, if there is one. Descriptions that came with it are the reader's to release. */
export function receiveText(socket: PacketSocket): TextPacket | undefined {
  const packet = socket.packets.shift();
  return packet && { text: decoder.decode(packet.bytes), passed: packet.passed };
}

/** Closes whatever descriptor a process has of a description. */
export function closeDescription({ process }: TreeProcess, description: OpenDescription): void {
  for (const [number, one] of process.table.entries()) {
    if (one.description === description) process.table.close(number);
  }
}
