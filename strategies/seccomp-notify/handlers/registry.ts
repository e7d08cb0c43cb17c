import { offset } from '../../../core/request/record-layout.js';
import type { Handler, HandlerOf } from '../../../core/steps/handler.js';
import { nameToHandleAt } from './name-to-handle-at.js';
import { openByHandleAt } from './open-by-handle-at.js';
import { unlisted } from './unlisted.js';

/** Every handler by the name of its call; a further call is a file and a line here. */
export const handlers: readonly Handler[] = [openByHandleAt, nameToHandleAt, unlisted];

/** Which handler serves a request. Total: what is unknown, or not in the policy, goes to `other`. */
export function handlersBut(other: Handler): HandlerOf {
  return (record, abi, policy) => {
    if (record.u32(offset.auditArchitecture) !== abi.auditArchitecture) return other;
    const number = record.syscallNumber;
    const handler =
      number === abi.openByHandleAt ? openByHandleAt : number === abi.nameToHandleAt ? nameToHandleAt : other;
    return policy.syscalls.has(handler.syscall) ? handler : other;
  };
}

/** The same with `unlisted` for what is unknown. */
export const handlerOf: HandlerOf = handlersBut(unlisted);
