import * as attach from './attach-steps.js';
import * as call from './call-steps.js';
import type { InjectorEnvironment } from './environment.js';
import { callStopped } from './injected-call.js';
import type { Injection } from './injection.js';
import * as reissue from './reissue-steps.js';
import { subStep, WAIT } from './sub-steps.js';
import * as window from './window-steps.js';

/**
 * A sub-step: what it does, and what it does when the thread stops while it waits. Both give the next one.
 */
export interface SubStepEntry {
  readonly name: string;
  readonly begin: (injection: Injection, environment: InjectorEnvironment) => number;
  readonly stopped?: (injection: Injection, status: number) => number;
}

type Finish = (injection: Injection, result: number) => number;

function callEntry(name: string, begin: SubStepEntry['begin'], finish: Finish): SubStepEntry {
  return { name, begin, stopped: (injection, status) => callStopped(injection, status, finish) };
}

const entries: Readonly<Record<number, SubStepEntry>> = {
  [subStep.queue]: { name: 'queue', begin: attach.queue },
  [subStep.attach]: { name: 'attach', begin: attach.attach },
  [subStep.addSocket]: { name: 'add-socket', begin: attach.addSocket },
  [subStep.interrupt]: { name: 'interrupt', begin: attach.interruptThread },
  [subStep.awaitStop]: { name: 'await-stop', begin: () => WAIT, stopped: attach.stopArrived },
  [subStep.verify]: { name: 'verify', begin: window.verify },
  [subStep.openWindow]: { name: 'open-window', begin: window.openWindow },
  [subStep.prepareScratch]: { name: 'prepare-scratch', begin: window.prepareScratch },
  [subStep.receive]: callEntry('receive', call.receive, call.received),
  [subStep.renumber]: callEntry('renumber', call.renumber, call.renumbered),
  [subStep.closeReceived]: callEntry('close-received', call.closeReceived, call.receivedClosed),
  [subStep.restore]: { name: 'restore', begin: window.restore },
  [subStep.detach]: { name: 'detach', begin: window.detachThread },
  [subStep.mapScratch]: callEntry('map-scratch', call.mapScratch, call.scratchMapped),
  [subStep.unmapScratch]: callEntry('unmap-scratch', call.unmapScratch, call.scratchUnmapped),
  [subStep.closeSocket]: callEntry('close-socket', call.closeSocket, call.socketClosed),
  [subStep.retreat]: { name: 'retreat', begin: window.retreat, stopped: window.retreatStopped },
  [subStep.letGo]: { name: 'let-go', begin: attach.letGo, stopped: attach.letGoStopped },
  [subStep.gone]: { name: 'gone', begin: attach.gone },
  [subStep.giveErrno]: { name: 'give-errno', begin: window.giveErrno },
  [subStep.seizeBlocked]: { name: 'seize-blocked', begin: reissue.seizeBlocked },
  [subStep.interruptBlocked]: {
    name: 'interrupt-blocked',
    begin: reissue.interruptBlocked,
    stopped: reissue.blockedStopped,
  },
  [subStep.endWaits]: { name: 'end-waits', begin: reissue.endWaits },
  [subStep.letRestart]: { name: 'let-restart', begin: reissue.letRestart },
};

/** The sub-step of a number; an unknown number is a defect of the table. */
export function subStepEntry(number: number): SubStepEntry {
  const entry = entries[number];
  if (!entry) throw new RangeError(`no sub-step ${number}`);
  return entry;
}
