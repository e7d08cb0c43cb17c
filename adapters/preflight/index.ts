/** What the preflight (core/preflight) knows of this machine: trials in throwaway children, and targets. */
export { collectTrials } from './collect-trials.js';
export { examineTarget, type HeldFacts, hasFilter, lookAtTarget } from './examine-target.js';
export { measuredLatencies } from './latencies.js';
