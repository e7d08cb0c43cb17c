import type { SupervisionLimits } from './supervision.js';

/** How often the keeper looks for signs of life; supervisors give one as often. */
export const lookEveryMs = 100;

/**
 * A hung supervisor is replaced within half a second and the look in which it was noticed: others wait less
 * than a second. One that wants to run and gets no processor is given longer: a successor would get none,
 * either.
 */
export const keeperLimits: SupervisionLimits = {
  missedLooks: 5,
  endingLooks: 2,
  starvedLooks: 50,
  startLooks: 200,
  promptRestarts: 3,
  firstDelayMs: 50,
  longestDelayMs: 5_000,
  steadyMs: 1_000,
};

/** The active supervisor publishes what is left before it ends; a store that hangs isn't waited for. */
export const stopWaitMs = 20_000;
