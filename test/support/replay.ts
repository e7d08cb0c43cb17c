import { type ReplayedJournal, replayJournal } from '../../adapters/journal/verify-journal.js';
import { native } from '../../adapters/linux/native.js';
import { defaultPolicy } from '../../core/policy/defaults.js';
import { resolvePolicy } from '../../core/policy/match.js';
import { compilePolicy } from '../../core/request/compiled-policy.js';
import { handlerOf } from '../../strategies/seccomp-notify/index.js';

/**
 * Replays a state directory's journal with this build's handlers. `isUnlisted`: threads whose policy lists no
 * name_to_handle_at.
 */
export function replayStateDirectory(
  stateDirectory: string,
  isUnlisted: (threadId: number) => boolean = () => false,
): ReplayedJournal {
  const { auditArchitecture, foreignSyscallBit, syscalls, openFlags } = native().architecture;
  const abi = {
    auditArchitecture,
    foreignSyscallBit,
    openByHandleAt: syscalls.open_by_handle_at,
    nameToHandleAt: syscalls.name_to_handle_at,
    ...openFlags,
  };
  const policy = compilePolicy(resolvePolicy(defaultPolicy(), { containerId: 'replay', metadata: '' }));
  const shorter = { ...policy, syscalls: new Set(['open_by_handle_at']) };
  return replayJournal(stateDirectory, (record) =>
    handlerOf(record, abi, isUnlisted(record.threadId) ? shorter : policy),
  );
}
