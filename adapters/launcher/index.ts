/** Starts targets under a filter, with dropped privileges and their listener in hand. */
export { type LaunchedTarget, type LaunchOptions, launchTarget } from './launch-target.js';
export { exitCodeOf, forwardSignals } from './run-target.js';
export { probeNotifier, proveNotifier } from './self-test.js';
export { checkStructLayouts } from './struct-layouts.js';
