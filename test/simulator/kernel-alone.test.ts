import { expect, test } from 'vitest';
import {
  type ListenerEnd,
  ModelKernel,
  OpenFile,
  Scheduler,
  SeededGenerator,
} from '../../simulator/index.js';

const openByHandleAt = 304;
const ENOENT = -2;
const ENOSYS = -38;
const EBADF = -9;

/** A target under a filter, with nobody of deputy's: what a scripted case drives. */
function stage(isKillable: boolean) {
  const scheduler = new Scheduler();
  const returned: number[] = [];
  const kernel = new ModelKernel(scheduler, new SeededGenerator(1n), {});
  const target = kernel.spawn('target');
  const thread = kernel.addThread(target, 107, 'target/thread-1', 0);
  const filter = kernel.installFilter(target, 'target', isKillable, [openByHandleAt]);
  const agent = kernel.spawn('agent');
  const descriptor = agent.table.add(filter.listener as ListenerEnd);
  const call = (): void =>
    kernel.call(thread, { number: openByHandleAt, values: [3, 0, 0, 0, 0, 0] }, (result) =>
      returned.push(result),
    );
  const settle = (): void => {
    while (scheduler.step());
  };
  return { kernel, target, thread, filter, agent, descriptor, call, settle, returned };
}

test('a received call is answered by whoever knows its id; ids are consecutive', () => {
  const { filter, call, settle, returned } = stage(false);
  call();
  const first = filter.receive();
  expect(filter.receive()).toBeUndefined();
  expect(filter.send(first?.id ?? 0n, { value: 7, error: 0, isContinue: false })).toBe(0);
  settle();
  call();
  expect(filter.receive()?.id).toBe((first?.id ?? 0n) + 1n);
  expect(returned).toEqual([7]);
});

test('the last descriptor of the listener closed: ENOSYS for those that wait and for all that come', () => {
  const { kernel, agent, descriptor, call, settle, returned } = stage(false);
  call();
  kernel.close(agent, descriptor);
  settle();
  call();
  settle();
  expect(returned).toEqual([ENOSYS, ENOSYS]);
});

test.each([false, true])('a stop and its end make a plain call anew; killable: %s', (isKillable) => {
  const { kernel, target, filter, call, settle } = stage(isKillable);
  call();
  const id = filter.receive()?.id ?? 0n;
  kernel.signal(target, 19);
  kernel.signal(target, 18);
  settle();
  expect(filter.check(id)).toBe(isKillable ? 0 : ENOENT);
  expect(filter.receive()?.id).toBe(isKillable ? undefined : id + 1n);
});

test('ADDFD refuses an O_PATH source, and gives the lowest free number', () => {
  const { kernel, target, filter, call } = stage(false);
  const file = kernel.files.add({
    name: 'f',
    inode: 1,
    generation: 1,
    type: 8,
    device: 1,
    user: 0,
    mode: 0o644,
  });
  call();
  const id = filter.receive()?.id ?? 0n;
  expect(filter.addDescriptor(id, new OpenFile(file, 1, true, 0), true)).toBe(EBADF);
  expect(filter.addDescriptor(id, new OpenFile(file, 1, false, 0), true)).toBe(0);
  expect(target.table.descriptor(0)?.closeOnExec).toBe(true);
});
