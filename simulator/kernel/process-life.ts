import type { Kernel } from './kernel.js';
import type { ModelThread } from './process.js';
import { tellTracerOfDeath } from './tracing.js';

/** fork(2): a process with one thread, a copy of the table, and the filter of whoever forked. */
export function forkProcess(kernel: Kernel, parent: ModelThread, actor: string): ModelThread {
  const child = kernel.spawn(actor, { descriptorLimit: parent.table.limit });
  for (const [number, { description, closeOnExec }] of parent.table.entries()) {
    child.table.put(number, description, closeOnExec);
  }
  for (const [number, action] of parent.process.handlers) child.handlers.set(number, action);
  for (const number of parent.process.ignored) child.ignored.add(number);
  child.filter = parent.filter;
  if (child.filter !== undefined) child.filter.users++;
  const thread = kernel.addThread(child, parent.user, actor, parent.workingMount);
  thread.group = parent.group;
  thread.workingDirectory = parent.workingDirectory;
  return thread;
}

/**
 * execve(2): its other threads are gone, so are what is closed on exec, its handlers and its memory. Filters
 * stay.
 */
export function executeProgram(kernel: Kernel, thread: ModelThread): void {
  const { process } = thread;
  for (const other of [...process.threads]) if (other !== thread) endThread(kernel, other);
  for (const [number, { closeOnExec }] of thread.table.entries()) {
    if (closeOnExec) thread.table.close(number);
  }
  process.handlers.clear();
  process.memory.unmapAll();
}

/** Ends one thread of several (exit(2)): a call of its own in the notifier is given up. */
export function endThread(kernel: Kernel, thread: ModelThread): void {
  if (thread.mode === 'dead') return;
  thread.notification?.filter.remove(thread.notification);
  thread.notification = undefined;
  thread.mode = 'dead';
  thread.call = undefined;
  thread.whenReturned = undefined;
  thread.dropTable();
  kernel.threads.delete(thread.threadId);
  thread.process.threads.splice(thread.process.threads.indexOf(thread), 1);
  tellTracerOfDeath(thread);
}
