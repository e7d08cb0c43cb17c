export { brokerHandlerOf, brokerHandlers } from './handlers.js';
export { type SidecarNotifierOptions, sidecarNotifier } from './notifier-form.js';
export { type Brokerage, type BrokerStep, brokerSteps, runBrokerSteps } from './steps.js';
export { sidecarCaps } from './strategy.js';
export { brokerDeviations } from './verify.js';
