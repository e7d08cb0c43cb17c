import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { InjectionClient } from '../../core/injector/injection-client.js';
import type { HandlerOf } from '../../core/steps/handler.js';
import { MappedSegments } from '../journal/mapped-segments.js';
import { SharedCounters } from '../journal/shared-counters.js';
import { KeyRing, type SealKeySet } from '../keys/index.js';
import { mayTakeOnIds } from '../linux/credentials.js';
import { systemCall } from '../linux/native.js';
import { Placement } from '../linux/placement.js';
import { Identities } from '../linux/request-kernel/identities.js';
import { LinuxRequestKernel } from '../linux/request-kernel/linux-request-kernel.js';
import { OwnIdentity } from '../linux/request-kernel/own-identity.js';
import { blockSignals } from '../linux/signals.js';
import { HotLoop } from './hot-loop.js';
import { injectionPackets } from './injection-packets.js';
import { LoopControl } from './loop-control.js';
import type { LoopCommand, LoopReport, LoopStart } from './loop-messages.js';
import { monotonicClock } from './monotonic.js';
import { filterLoop } from './own-filter.js';
import { withCrashPoints } from './test-hooks.js';

const PRIO_PROCESS = 0;

/** Entry of a hot loop's worker thread: puts the parts together, gives up privilege, and serves. */
async function main(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('hot-loop-worker runs in a worker thread only');
  const start = workerData as LoopStart;
  const module = (await import(start.handlersModule)) as { handlerOf: HandlerOf };
  const handlerOf = withCrashPoints(module.handlerOf);
  const report = (message: LoopReport): void => port.postMessage(message);
  const control = new LoopControl(start.control);
  // The main thread is nicer than others; its threads inherit that, and a loop must not.
  systemCall('setpriority', PRIO_PROCESS, 0, start.niceness);
  // Signals are the main thread's business, and cut no call of a loop short.
  blockSignals();
  const identities = identitiesOfLoop();
  const confined = identities.confine();
  if (confined < 0) report({ kind: 'failed', message: 'capset', errno: -confined });
  const filter = (): void => {
    const filtered = filterLoop();
    if (filtered < 0) report({ kind: 'failed', message: 'seccomp', errno: -filtered });
  };
  if (!start.filterLater) filter();
  const injection = new InjectionClient(injectionPackets());
  const seals = new KeyRing();
  const segments = new MappedSegments(new SharedCounters(start.counters), 0);
  const takeCommands = (): void => {
    for (;;) {
      const received = receiveMessageOnPort(port) as { message: LoopCommand } | undefined;
      if (received === undefined) return;
      const { message } = received;
      if (message.kind === 'keys') takeKeys(seals, message.keys, report);
      else if (message.kind === 'filter') filter();
      else obey(loop, segments, message);
    }
  };
  const loop = new HotLoop({
    handlerOf,
    kernel: new LinuxRequestKernel(identities, injection),
    seals,
    segments,
    injection,
    placement: new Placement((user, call) => identities.asUser(user, call)),
    control,
    wakeDescriptor: start.wakeDescriptor,
    nowUs: monotonicClock(),
    report,
    takeCommands,
  });
  control.threadId = systemCall('gettid');
  report({ kind: 'ready' });
  takeCommands();
  loop.run();
  process.exit(0);
}

/** A sidecar's loops can't take on another's ids: they serve whoever is their own user. */
function identitiesOfLoop(): Identities {
  if (mayTakeOnIds()) return new Identities();
  return new OwnIdentity(process.getuid?.() ?? -1, [
    process.getgid?.() ?? -1,
    ...(process.getgroups?.() ?? []),
  ]);
}

function takeKeys(seals: KeyRing, keys: SealKeySet, report: (message: LoopReport) => void): void {
  seals.set(keys);
  report({ kind: 'keys-taken' });
}

function obey(
  loop: HotLoop,
  segments: MappedSegments,
  command: Exclude<LoopCommand, { kind: 'keys' | 'filter' }>,
): void {
  switch (command.kind) {
    case 'segments':
      for (const { segment, address } of command.segments) segments.add(segment, address);
      return;
    case 'forget-segments':
      return segments.dropBefore(command.before);
    case 'epoch':
      return segments.begin(command.epoch);
    case 'attach':
      return loop.attach(command);
    case 'reissued':
      return loop.expectReissued(command.key, command.threadIds);
    case 'policy':
      return loop.setPolicy(command.key, command.policy);
    case 'detach':
      return loop.detach(command.key);
    case 'hand-back':
      return loop.handBack(command.key);
    case 'injector':
      return loop.connectInjector(command.descriptor);
    case 'forget-idle':
      return loop.forgetIdle();
  }
}

await main();
