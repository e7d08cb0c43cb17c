import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { sealBytes } from '../../core/seals/seal-layout.js';
import { isWholeMount, type ModelMount } from '../kernel/file-tree.js';
import { flag } from '../kernel/numbers.js';
import type { LoopMount } from '../ports/loop-state.js';
import { isShared } from './expected-answer.js';
import type { Invariant, Stage } from './invariant.js';
import { isOpenable } from './sealed-handles.js';

const directory = 4;
const regular = 8;

/** Safety: what deputy opens itself, with its own capability. */
export const nothingForbidden: Invariant = {
  id: 'nothing-forbidden',
  sentence: 'No handle is opened that the policy forbids, nothing but files and folders without O_PATH.',
  begin: (stage, broken) => ({
    opened: (process, record, file, flags) => {
      const { answering } = stage();
      const isPath = (flags & flag.O_PATH) !== 0;
      if (!isPath && file.type !== regular && file.type !== directory) {
        broken({ process: process.actor, file: file.name, flags });
      }
      const target = answering.targets.find((one) =>
        one.process.threads.some(({ threadId }) => threadId === record.threadId),
      );
      if (target === undefined) return;
      const { mount } = record.mount as LoopMount;
      const { policy } = target;
      if (!isShared(mount, policy)) broken({ process: process.actor, mount: mount.mountPoint });
      const problem = confinementProblem(stage(), policy, mount, record);
      if (problem !== undefined) broken({ process: process.actor, file: file.name, problem });
    },
  }),
};

/** A handle opens any file of its file system: which ones may be used is the policy's `confinement`. */
function confinementProblem(
  stage: Stage,
  { confinement, tenant }: ResolvedPolicy,
  mount: ModelMount,
  record: RequestRecord,
): string | undefined {
  if (confinement === 'filesystem') return isWholeMount(mount) ? undefined : 'not all of it is shared';
  if (confinement === 'none') return undefined;
  const native = record.u8(offset.nativeBytes);
  if (native === 0) return 'nobody looked at its seal';
  const start = record.base + offset.handleData;
  const bytes = record.views.u8.slice(start, start + native + sealBytes);
  const handle = { tenant, mount, type: record.i32(offset.handleType), bytes };
  // A key that is retired while the call is under way may open it or not.
  const isRight = isOpenable(stage, handle, record.f64(offset.receivedAtUs));
  return isRight ? undefined : 'its seal is forged, of another tenant or share, or retired';
}
