// The real handlers, but for a step that throws in the middle: for calls with O_NOATIME after a descriptor was opened,
// and for exact opens with O_NOCTTY when the injector has reported.
import { handlerOf as realHandlerOf } from '../../../dist/strategies/seccomp-notify/handlers/registry.js';

const O_NOCTTY = 0o400;
const O_NOATIME = 0o1000000;
const changed = new Map();

function throwing(step, flag) {
  const next = (context, result) => {
    if ((context.record.argumentInt(2) & flag) !== 0) throw new Error(`thrown in ${step.name}`);
    return step.next(context, result);
  };
  return { ...step, next };
}

function withThrowingSteps(handler) {
  const steps = handler.steps.map((step) => {
    if (step.name === 'describe-file') return throwing(step, O_NOATIME);
    return step.name === 'injected' ? throwing(step, O_NOCTTY) : step;
  });
  return { ...handler, steps };
}

export function handlerOf(record, abi, policy) {
  const real = realHandlerOf(record, abi, policy);
  if (!changed.has(real)) changed.set(real, withThrowingSteps(real));
  return changed.get(real);
}
