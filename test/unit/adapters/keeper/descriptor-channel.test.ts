import { openSync, readdirSync, readlinkSync } from 'node:fs';
import { getActiveResourcesInfo } from 'node:process';
import { describe, expect, test } from 'vitest';
import { openDescriptorChannel, receiveDescriptors } from '../../../../adapters/keeper/descriptor-channel.js';
import { sendWithDescriptors } from '../../../../adapters/linux/descriptor-passing.js';
import { allocate } from '../../../../adapters/linux/memory.js';
import { systemCall } from '../../../../adapters/linux/native.js';

const onLinux = process.platform === 'linux';
const count = 1_000;
const openDescriptors = () => readdirSync('/proc/self/fd').length;
const close = (descriptor: number) => expect(systemCall('close', descriptor)).toBe(0);
const timers = () => getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

function open() {
  const channel = openDescriptorChannel();
  if (typeof channel === 'number') throw new Error(`socketpair: ${channel}`);
  return channel;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.runIf(onLinux)('the channel of descriptors', () => {
  test('a full socket delays them, and loses and leaks none; their order stays', async () => {
    const before = openDescriptors();
    const { sender, theirs } = open();
    const zero = openSync('/dev/zero', 'r');
    const idle = timers();
    for (let index = 0; index < count; index++) sender.send(1, index, zero);
    // The socket is full by now: one timer waits for all.
    expect(timers() - idle).toBe(1);
    const numbers: number[] = [];
    const watch = receiveDescriptors(theirs, (kind, number, descriptor) => {
      expect(kind).toBe(1);
      expect(readlinkSync(`/proc/self/fd/${descriptor}`)).toBe('/dev/zero');
      close(descriptor);
      numbers.push(number);
    });
    await until(() => numbers.length >= count);
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
    watch.stop();
    sender.close();
    close(theirs);
    close(zero);
    await until(() => openDescriptors() <= before);
  });

  test('those that go with the channel are closed: sent, waiting, after its end, and without a reader', async () => {
    const before = openDescriptors();
    const given = () => openSync('/dev/zero', 'r');
    const full = open();
    for (let index = 0; index < count; index++) full.sender.send(2, index, given(), true);
    // The rest waits, and goes at the end.
    expect(openDescriptors()).toBeGreaterThan(before + 3);
    full.sender.close();
    full.sender.send(2, 0, given(), true);
    close(full.theirs);
    const unread = open();
    close(unread.theirs);
    unread.sender.send(2, 0, given(), true);
    unread.sender.close();
    await until(() => openDescriptors() <= before);
  });

  test('a packet that is not ours is refused, and its descriptors are closed', async () => {
    const before = openDescriptors();
    const { sender, theirs } = open();
    const raw = open();
    const memory = allocate(4096);
    memory.u8.fill(1, 0, 16);
    const zero = openSync('/dev/zero', 'r');
    const seen: number[] = [];
    const watch = receiveDescriptors(theirs, (_, number, descriptor) => {
      seen.push(number);
      close(descriptor);
    });
    // The private end is what the sender itself writes to.
    const socket = (sender as unknown as { socket: number }).socket;
    expect(sendWithDescriptors(socket, memory.address, 16, [zero, zero, zero])).toBe(16);
    expect(sendWithDescriptors(socket, memory.address, 16, [])).toBe(16);
    sender.send(1, 77, zero);
    await until(() => seen.length > 0);
    expect(seen).toEqual([77]);
    watch.stop();
    for (const one of [sender, raw.sender]) one.close();
    for (const one of [theirs, raw.theirs, zero]) close(one);
    await until(() => openDescriptors() <= before);
  });
});
