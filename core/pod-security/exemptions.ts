import type { Evaluate } from './check.js';

/** From 1.25 on, a pod that says it is for Windows is free of what only Linux knows. */
export function unlessWindows(evaluate: Evaluate): Evaluate {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : evaluate(pod));
}

/** From 1.35 on, a pod in a user namespace of its own may do as root what its root, nobody outside, can't. */
export function unlessInUserNamespace(evaluate: Evaluate): Evaluate {
  return (pod) => (pod.spec.hostUsers === false ? undefined : evaluate(pod));
}
