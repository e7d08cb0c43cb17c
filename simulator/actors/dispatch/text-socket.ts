import { type OpenDescription, PacketSocket } from '../../kernel/open-description.js';

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
