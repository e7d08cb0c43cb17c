/**
 * The injector: a process of its own that gives a target's thread an O_PATH descriptor by ptrace(2), which
 * the seccomp notifier can't. Descriptor 3 is its control channel, 4 (if DEPUTY_SCOREBOARD=1) its scoreboard.
 * It is small, and it outlives whoever asked until what it began is finished. Its one loop is synchronous:
 * nothing else runs in this process.
 */

import { InjectionEngine } from '../../core/injector/engine.js';
import type { InjectorEnvironment } from '../../core/injector/environment.js';
import { helloField, packetType } from '../../core/injector/protocol.js';
import { InjectorChannels } from './channels.js';
import { injectorName } from './environment.js';
import { linuxInjectorKernel } from './linux-injector-kernel.js';
import { dropPrivileges, ignoreSignals, maySuspendFilters, protectFromOomKiller } from './privileges.js';
import { Scoreboard } from './scoreboard.js';
import { StepRunner } from './step-runner.js';

const controlDescriptor = 3;
const scoreboardDescriptor = 4;
/** How often threads that don't stop are looked at. */
const parkedPollMs = 1;

function main(): void {
  process.title = injectorName;
  ignoreSignals();
  const oomErrno = protectFromOomKiller();
  const capabilityErrno = dropPrivileges();
  const maySuspend = maySuspendFilters();
  const environment: InjectorEnvironment = {
    kernel: linuxInjectorKernel,
    maySuspendFilters: maySuspend,
    supportsRegisters: process.arch === 'x64',
    scoreboard: new Scoreboard(process.env['DEPUTY_SCOREBOARD'] === '1' ? scoreboardDescriptor : -1),
  };
  const engine = new InjectionEngine(environment, new StepRunner(environment));
  const channels = new InjectorChannels(controlDescriptor, engine);
  channels.sendControl(packetType.hello, 0, (words) => {
    words[helloField.processId >> 2] = process.pid;
    words[helloField.maySuspendFilters >> 2] = maySuspend ? 1 : 0;
    words[helloField.oomErrno >> 2] = oomErrno;
    words[helloField.capabilityErrno >> 2] = capabilityErrno;
  });
  // Threads of reissues need nothing of us: the kernel lets them go.
  while (channels.isControlOpen || engine.countParked(false) > 0) {
    channels.serve(engine.parkedCount > 0 ? parkedPollMs : -1);
    engine.pollParked();
  }
}

main();
