import { defaultPolicy } from '../../core/policy/defaults.js';
import { resolvePolicy } from '../../core/policy/match.js';
import { compilePolicy } from '../../core/request/compiled-policy.js';
import { handlerOf, handlers } from '../../strategies/seccomp-notify/index.js';
import type { HandlersOfRecord } from '../journal/index.js';
import { native } from '../linux/native.js';

/**
 * The handlers that may have made a record. Whether its policy listed the call isn't in the record, so for a
 * call that this build knows there are two.
 */
export function handlersOfRecords(): HandlersOfRecord {
  const { auditArchitecture, foreignSyscallBit, syscalls, openFlags } = native().architecture;
  const { open_by_handle_at: openByHandleAt, name_to_handle_at: nameToHandleAt } = syscalls;
  const abi = { auditArchitecture, foreignSyscallBit, openByHandleAt, nameToHandleAt, ...openFlags };
  const policy = compilePolicy(resolvePolicy(defaultPolicy(), { containerId: 'journal', metadata: '' }));
  const unlisted = handlers.filter(({ syscall }) => syscall === 'unlisted');
  return (record) => {
    const listed = handlerOf(record, abi, policy);
    return unlisted.includes(listed) ? unlisted : [listed, ...unlisted];
  };
}

/** The name of a call, for people. */
export function syscallName(number: number): string {
  names ??= new Map(Object.entries(native().numbers).map(([name, value]) => [value as number, name]));
  return names.get(number) ?? `syscall ${number}`;
}
let names: Map<number, string> | undefined;
