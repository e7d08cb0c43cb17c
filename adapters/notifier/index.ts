/** The sidecar that answers the calls of wrapped programs: the agent with less, beside its target. */
export { type NotifierOptions, openNotifier, type RunningNotifier } from './open-notifier.js';
