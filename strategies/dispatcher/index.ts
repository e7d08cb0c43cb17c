export {
  type CommandStep,
  commandSteps,
  type DispatchOutcome,
  type DispatchWork,
  isGone,
  type LeftBehindEnd,
  type OpenedDispatch,
  runCommand,
} from './command.js';
export { type DispatchSetting, dispatchCosts, exitCodeSource } from './costs.js';
export { takeOver } from './fitness.js';
export { type Dispatch, type DispatchStep, dispatchSteps, runDispatch } from './steps.js';
export { type DispatcherOptions, dispatcher, endText } from './strategy.js';
export { joinedDeviations, runningDeviations } from './verify.js';
