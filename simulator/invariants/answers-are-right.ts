import { errnoNumbers } from '../../core/errors/errno.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { isOpenOfDirectory } from '../actors/target.js';
import { flag, foreignBit, no, syscall } from '../kernel/numbers.js';
import { OpenFile } from '../kernel/open-description.js';
import type { CallRegisters, ModelThread } from '../kernel/process.js';
import { type Expected, expectedName, expectedOpen } from './expected-answer.js';
import { expectedNative } from './file-handle/expected-native.js';
import type { Invariant, Stage } from './invariant.js';
import { isOpenable } from './sealed-handles.js';

/** Flags that a program finds again with F_GETFL, and that deputy uses as marks. */
const shownFlags = flag.O_ACCMODE | flag.O_APPEND | flag.O_NONBLOCK;

/** How often an injection is asked for (core/injector/injection-client.ts). */
const injectionTries = 3;

/** Safety: the target can't tell deputy's answer from the kernel's. */
export const answersAreRight: Invariant = {
  id: 'answers-are-right',
  sentence: 'A call returns what the kernel would give a privileged caller, within the policy.',
  begin: (stage, broken) => {
    const begun = new Map<ModelThread, Expected>();
    const injected = new Set<number>();
    const interrupting = new Set<string>();
    let injectorDeaths = 0;
    const expected = (thread: ModelThread, call: CallRegisters): Expected => {
      const { kernel } = stage().world;
      // Another architecture's call is refused, whatever it is.
      if ((call.number & foreignBit) !== 0) return { errnos: [no('EPERM')] };
      const policy = policyOf(stage(), thread);
      if (thread.mappedUsers !== undefined && isOpenOfDirectory(call.number, call.values)) {
        return expectedNative(kernel, thread, call, thread.mappedUsers);
      }
      if (call.number !== syscall.openByHandleAt) return expectedName(kernel, thread, call, policy);
      return expectedOpen(kernel, thread, call, policy, (handle, mount) =>
        isOpenable(stage(), { ...handle, mount, tenant: policy.tenant }),
      );
    };
    return {
      faulted: (fault) => {
        if (fault.kind === 'errno') injected.add(-errnoNumbers[fault.errno]);
      },
      signalled: ({ actor, handlers }, signal) => {
        if (handlers.get(signal)?.restarts === false) interrupting.add(actor);
      },
      died: ({ actor }) => {
        if (actor.startsWith('injector')) injectorDeaths++;
      },
      called: (thread, call) => begun.set(thread, expected(thread, call)),
      returned: (thread, call, result) => {
        const before = begun.get(thread);
        begun.delete(thread);
        if (injected.has(result)) return;
        if (stage().answering.isUncertain?.(thread) === true && result === no('EIO')) return;
        // What kills one injector after the other is not tried for ever.
        if (result === no('EIO') && injectorDeaths >= injectionTries) return;
        if (result === no('EINTR') && interrupting.has(thread.process.actor)) return;
        const candidates = [before, expected(thread, call)].filter((one) => one !== undefined);
        const problems = candidates.map((one) => difference(thread, one, result, injectorDeaths));
        if (problems.some((problem) => problem === undefined)) return;
        broken({
          thread: thread.actor,
          syscall: call.number,
          values: call.values,
          result,
          problem: problems[0],
        });
      },
    };
  },
};

function policyOf({ answering }: Stage, { process }: ModelThread): ResolvedPolicy {
  const target = answering.targets.find((one) => one.process === process);
  if (target === undefined) throw new Error(`${process.actor} is no target`);
  return target.policy;
}

/** What is wrong with a result; undefined when it is right. */
function difference(
  thread: ModelThread,
  expected: Expected,
  result: number,
  injectorDeaths: number,
): string | undefined {
  if ('errnos' in expected) {
    return expected.errnos.includes(result) ? undefined : `expected ${expected.errnos.join(' or ')}`;
  }
  const { table } = thread.process;
  // What an injector left that was killed takes a place, until its successor has closed it.
  const placesTaken = 1 + injectorDeaths;
  if (result === no('EMFILE') && table.lowestFree >= table.limit - placesTaken) return undefined;
  if (result < 0) return 'expected a descriptor';
  const held = table.descriptor(result);
  if (!(held?.description instanceof OpenFile)) return 'it is no open file';
  const { description, closeOnExec } = held;
  if (description.file !== expected.file) return `it is ${description.file.name}, not ${expected.file.name}`;
  if (description.mountId !== expected.mountId) return 'it is on another mount';
  if (closeOnExec !== ((expected.flags & flag.O_CLOEXEC) !== 0)) return 'O_CLOEXEC differs';
  return flagsDifference(expected, description);
}

function flagsDifference(
  { flags, path }: Extract<Expected, { flags: number }>,
  description: OpenFile,
): string | undefined {
  if (path === 'exact') return description.pathOnly ? undefined : 'it is no O_PATH descriptor';
  if (description.pathOnly) return path === 'plain' ? 'it is an O_PATH descriptor' : undefined;
  const wanted = path === 'plain' ? flags & shownFlags : flag.O_NONBLOCK;
  const found = description.statusFlags & shownFlags;
  return found === wanted
    ? undefined
    : `its status flags are 0${found.toString(8)}, not 0${wanted.toString(8)}`;
}
