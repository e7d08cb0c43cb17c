import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { ModelProcess } from '../kernel/process.js';
import type { LoopListener, LoopServed } from '../ports/loop-state.js';
import type { HistoryWorld } from './history-world.js';

const served = new WeakMap<ModelProcess, Map<number, LoopServed>>();

/** A listener as one replayed supervisor serves it; the same one each time. */
export function servedBy(
  { process }: { readonly process: ModelProcess },
  policy: CompiledPolicyData,
  key: number,
  { targets }: HistoryWorld,
): LoopServed {
  const known = served.get(process) ?? new Map<number, LoopServed>();
  served.set(process, known);
  const one = known.get(key);
  if (one !== undefined) return one;
  const end = targets.get(key)?.filter.listener;
  const entry = process.table.entries().find(([, { description }]) => description === end);
  const listener: LoopListener = { key, descriptor: entry?.[0] ?? -1, mounts: new Map() };
  const state = { parked: 0, paused: false, hungUp: false, leaving: false, former: [] };
  const made: LoopServed = { listener, policy, ...state, reissued: new Set() };
  known.set(key, made);
  return made;
}
