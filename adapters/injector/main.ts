/**
 * The injector: a process of its own that gives a target's thread an O_PATH descriptor by ptrace(2), which
 * the seccomp notifier can't. Descriptor 3 is its control channel, 4 (if DEPUTY_SCOREBOARD=1) its scoreboard,
 * which comes over the control channel if that says 'later'.
 * It is small, and it outlives whoever asked until what it began is finished. Its one loop is synchronous:
 * nothing else runs in this process.
 */
import { InjectionEngine } from '../../core/injector/engine.js';
import type { InjectorEnvironment } from '../../core/injector/environment.js';
import { helloField, packetBytes, packetType } from '../../core/injector/protocol.js';
import { createReceivedMessage, receiveWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { EpollSet } from '../linux/poll.js';
import { InjectorChannels, sendControl } from './channels.js';
import { injectorName } from './environment.js';
import { linuxInjectorKernel } from './linux-injector-kernel.js';
import { dropPrivileges, ignoreSignals, maySuspendFilters, protectFromOomKiller } from './privileges.js';
import { Scoreboard } from './scoreboard.js';
import { StepRunner } from './step-runner.js';

const controlDescriptor = 3;
const scoreboardDescriptor = 4;
/** How often threads that don't stop are looked at. */
const parkedPollMs = 1;
const EAGAIN = -11;

/** Its descriptor, or -1: inherited, or sent by who has it from another agent, which this one replaces. */
function takeScoreboard(): number {
  const word = process.env['DEPUTY_SCOREBOARD'];
  if (word !== 'later') return word === '1' ? scoreboardDescriptor : -1;
  const set = new EpollSet(1);
  set.add(controlDescriptor, 1);
  const memory = allocate(4096);
  const received = createReceivedMessage();
  let length = EAGAIN;
  while (length === EAGAIN) {
    set.wait(-1);
    length = receiveWithDescriptors(controlDescriptor, memory.address, packetBytes.control, received);
  }
  set.close();
  // Whoever started this one is gone before it was its turn.
  if (length <= 0) process.exit(0);
  return received.count === 1 ? (received.descriptors[0] as number) : -1;
}

function main(): void {
  process.title = injectorName;
  ignoreSignals();
  const oomErrno = protectFromOomKiller();
  const capabilityErrno = dropPrivileges();
  const maySuspend = maySuspendFilters();
  sendControl(controlDescriptor, packetType.hello, 0, (words) => {
    words[helloField.processId >> 2] = process.pid;
    words[helloField.maySuspendFilters >> 2] = maySuspend ? 1 : 0;
    words[helloField.oomErrno >> 2] = oomErrno;
    words[helloField.capabilityErrno >> 2] = capabilityErrno;
  });
  const environment: InjectorEnvironment = {
    kernel: linuxInjectorKernel,
    maySuspendFilters: maySuspend,
    supportsRegisters: process.arch === 'x64',
    scoreboard: new Scoreboard(takeScoreboard()),
  };
  const engine = new InjectionEngine(environment, new StepRunner(environment));
  const channels = new InjectorChannels(controlDescriptor, engine);
  // Threads of reissues need nothing of us: the kernel lets them go.
  while (channels.isControlOpen || engine.countParked(false) > 0) {
    channels.serve(engine.parkedCount > 0 ? parkedPollMs : -1);
    engine.pollParked();
  }
}

main();
