import { register } from '../../core/injector/ptrace-registers.js';
import type { ModelProcess, ModelThread } from '../kernel/process.js';
import type { Invariant } from './invariant.js';

/** All but the result: the kernel itself changes rcx and r11 only. */
const kept = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9', 'rsp'] as const;

/** Safety: a program finds its registers and its signals as it left them. */
export const targetUntouched: Invariant = {
  id: 'target-untouched',
  sentence: "A target's registers, signal mask, signals and mappings are as if deputy had not been there.",
  begin: (stage, broken) => {
    const before = new Map<ModelThread, readonly number[]>();
    const sent = new Map<ModelProcess, Set<number>>();
    const look = (thread: ModelThread): number[] => kept.map((name) => thread.registers.get(register[name]));
    return {
      called: (thread) => before.set(thread, look(thread)),
      returned: (thread) => {
        const wanted = before.get(thread) ?? [];
        const found = look(thread);
        const changed = kept.filter((_, index) => found[index] !== wanted[index]);
        if (changed.length > 0) broken({ thread: thread.actor, changed });
        if (thread.signalMask.size > 0) broken({ thread: thread.actor, masked: [...thread.signalMask] });
      },
      signalled: (process, signal) => {
        if (!process.handlers.has(signal)) return;
        sent.set(process, (sent.get(process) ?? new Set()).add(signal));
      },
      finished: () => {
        for (const { process } of stage().cast.targets) {
          if (!process.alive || process.threads.some(({ call }) => call !== undefined)) continue;
          const lost = [...(sent.get(process) ?? [])].filter((signal) => !process.handled.has(signal));
          if (lost.length > 0) broken({ target: process.actor, lost });
        }
      },
    };
  },
};
