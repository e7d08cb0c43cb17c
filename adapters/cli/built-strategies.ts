/** The strategies that this build has; the preflight says of all others that they are not in it. */
export const builtStrategies: readonly string[] = [
  'seccomp-notify',
  'sidecar-caps',
  'file-handle',
  'dispatcher',
];
