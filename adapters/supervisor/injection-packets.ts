import type { PacketPort } from '../../core/injector/injection-client.js';
import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';

/** A loop's packets to the injector, over unix sockets. */
export function injectionPackets(): PacketPort {
  const received = createReceivedMessage();
  return {
    memory: allocate(4096),
    send: sendWithDescriptors,
    receive: (channel, address, bytes) => receiveWithDescriptors(channel, address, bytes, received),
    close: (channel) => systemCall('close', channel),
  };
}
