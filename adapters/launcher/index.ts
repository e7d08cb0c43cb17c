/** Starts targets under a filter, with dropped privileges and their listener in hand. */
export { type LaunchedTarget, type LaunchOptions, launchTarget } from './launch-target.js';
export { probeNotifier, proveNotifier } from './self-test.js';
