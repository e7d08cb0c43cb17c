/** Trials that a child of this build makes; core/preflight/table.ts says which strategy needs which. */
export const childTrials = [
  'open-by-handle',
  'join-namespaces',
  'become-and-open',
  'same-user-access',
  'unprivileged-handles',
] as const;

export type ChildTrial = (typeof childTrials)[number];
