import { resolvePolicy } from '../../core/policy/match.js';
import { parsePolicy } from '../../core/policy/parse.js';
import type { RequestKernel } from '../../core/ports/kernel.js';
import { compilePolicy } from '../../core/request/compiled-policy.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset, traceCapacity, traceEntryBytes } from '../../core/request/record-layout.js';
import { beginRequest } from '../../core/serving/begin-request.js';
import type { ServedState } from '../../core/serving/served-state.js';
import { runStep } from '../../core/steps/run-steps.js';
import { ModelSealKeys } from '../../simulator/index.js';
import { handlerOf } from '../../strategies/seccomp-notify/index.js';
import type { HandlerStep } from './machine.js';

const stepLimit = 64;

/** Runs the handler of a call that stands in a record: its steps that call the port, and what each gave. */
export function runHandler(
  record: RequestRecord,
  kernel: RequestKernel,
  listener: unknown,
  fields: Record<string, unknown>,
): HandlerStep[] {
  const parsed = parsePolicy({ version: 1, defaults: { confinement: 'none', ...fields } });
  const policy = compilePolicy(resolvePolicy(parsed, { containerId: 'c', metadata: '' }));
  const served = { listener, policy, reissued: new Set<number>() } as unknown as ServedState;
  const handler = beginRequest(record, served, handlerOf, kernel.abi, 0);
  const seals = new ModelSealKeys();
  const steps: HandlerStep[] = [];
  for (let count = 0; count < stepLimit; count++) {
    const step = handler.steps[record.u16(offset.step)];
    const next = runStep({ record, kernel, seals, policy }, handler.steps, () => 0);
    if (step?.act !== undefined) steps.push({ name: step.name, result: lastResult(record) });
    if (next < 0) return steps;
  }
  throw new Error('a handler does not end');
}

function lastResult(record: RequestRecord): number {
  const index = Math.min(Math.max(record.u16(offset.traceCount), 1), traceCapacity) - 1;
  return record.i32(offset.trace + index * traceEntryBytes + 4);
}
