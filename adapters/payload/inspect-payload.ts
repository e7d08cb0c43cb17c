import { setTimeout as sleep } from 'node:timers/promises';
import type { PayloadFacts, TargetFacts } from '../../core/ports/payload.js';
import {
  isExiting,
  joinedNamespaces,
  readCgroups,
  readNamespaces,
  readStartTime,
  readStatus,
} from './proc-facts.js';

const looks = 5;
const lookAgainMs = 10;

/** What /proc shows of a payload beside its target; undefined when it has ended. */
export async function inspectPayload(
  processId: number,
  target: TargetFacts,
): Promise<PayloadFacts | undefined> {
  for (let look = 1; ; look++) {
    const facts = lookAt(processId, target);
    const isWhole = facts === undefined || (facts.sameCgroups && facts.sameNamespaces);
    if (isWhole || look === looks) return facts;
    // One that is about to end has left some of them already.
    await sleep(lookAgainMs);
  }
}

function lookAt(processId: number, target: TargetFacts): PayloadFacts | undefined {
  try {
    const status = readStatus(processId);
    const namespaces = readNamespaces(processId);
    const isShared = (name: string): boolean => namespaces[name] === target.namespaces[name];
    const found = {
      processId,
      startTime: readStartTime(processId),
      parentIsInit: status.parent === target.processId,
      sameNamespaces: joinedNamespaces.every(isShared),
      sameCgroups: readCgroups(processId).join('\n') === readCgroups(target.processId).join('\n'),
      capabilities: status.capabilities,
      userIds: status.userIds,
      noNewPrivileges: status.noNewPrivileges,
    };
    // Its end takes these away one after the other, so they count only if it lived after all were read.
    return readStatus(processId).isAlive && !isExiting(processId) ? found : undefined;
  } catch {
    return undefined;
  }
}
