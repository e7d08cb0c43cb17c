import { actsForItsCaller } from './acts-for-its-caller.js';
import { allSettles } from './all-settles.js';
import { answeredOnce } from './answered-once.js';
import { answersAreRight } from './answers-are-right.js';
import { brokerSettles } from './broker/broker-settles.js';
import { neverTruncatedAgain } from './broker/never-truncated-again.js';
import { toldAsAnswered } from './broker/told-as-answered.js';
import { callsReturn } from './calls-return.js';
import { fallbacksAreTold } from './chain/fallbacks-are-told.js';
import { firstThatCan } from './chain/first-that-can.js';
import { keepsToPolicy } from './chain/keeps-to-policy.js';
import { neverWhatIsForbidden } from './chain/never-what-is-forbidden.js';
import { nothingLeft } from './chain/nothing-left.js';
import { oneServes } from './chain/one-serves.js';
import { targetStarts } from './chain/target-starts.js';
import { containerEndsAsPayload } from './dispatch/container-ends-as-payload.js';
import { containerEndsWithPayload } from './dispatch/container-ends-with-payload.js';
import { containerHasItsPayload } from './dispatch/container-has-its-payload.js';
import { dispatchEventsAreLegal } from './dispatch/dispatch-events-are-legal.js';
import { endIsLearnt } from './dispatch/end-is-learnt.js';
import { foundWhenThere } from './dispatch/found-when-there.js';
import { joinsOnlyItsTarget } from './dispatch/joins-only-its-target.js';
import { noLockLeft } from './dispatch/no-lock-left.js';
import { noZombies } from './dispatch/no-zombies.js';
import { nothingHalfJoined } from './dispatch/nothing-half-joined.js';
import { onePayload } from './dispatch/one-payload.js';
import { programFitsItsFlags } from './dispatch/program-fits-its-flags.js';
import { successIsExecution } from './dispatch/success-is-execution.js';
import { withinCapabilities } from './dispatch/within-capabilities.js';
import { eventsAreComplete } from './events-are-complete.js';
import { eventsAreLegal } from './events-are-legal.js';
import { eventsAreTrue } from './events-are-true.js';
import { nativePassesNoHelper } from './file-handle/native-passes-no-helper.js';
import { gapsAreTold } from './gaps-are-told.js';
import { handlersDoNotFail } from './handlers-do-not-fail.js';
import { handlesAreRight } from './handles-are-right.js';
import type { Invariant } from './invariant.js';
import { listenersHearAll } from './listeners-hear-all.js';
import { noLeaks } from './no-leaks.js';
import { nothingForbidden } from './nothing-forbidden.js';
import { streamInOrder } from './stream-in-order.js';
import { targetUntouched } from './target-untouched.js';
import { truncatedOnce } from './truncated-once.js';

/** Of calls that are answered. */
const ofRequests: readonly Invariant[] = [
  answeredOnce,
  answersAreRight,
  handlesAreRight,
  handlersDoNotFail,
  actsForItsCaller,
  nothingForbidden,
  truncatedOnce,
  noLeaks,
  targetUntouched,
  eventsAreLegal,
  eventsAreTrue,
  eventsAreComplete,
  streamInOrder,
  gapsAreTold,
  listenersHearAll,
  callsReturn,
  allSettles,
];

/** Of requests that a broker answers. */
const ofBrokers: readonly Invariant[] = [
  answersAreRight,
  handlesAreRight,
  handlersDoNotFail,
  nothingForbidden,
  truncatedOnce,
  eventsAreLegal,
  eventsAreComplete,
  streamInOrder,
  callsReturn,
  toldAsAnswered,
  neverTruncatedAgain,
  brokerSettles,
];

/** Of payloads that are dispatched. */
const ofDispatches: readonly Invariant[] = [
  onePayload,
  nothingHalfJoined,
  joinsOnlyItsTarget,
  withinCapabilities,
  successIsExecution,
  programFitsItsFlags,
  foundWhenThere,
  endIsLearnt,
  containerEndsAsPayload,
  containerEndsWithPayload,
  containerHasItsPayload,
  noZombies,
  noLockLeft,
  dispatchEventsAreLegal,
];

/** Of the choice between strategies, and of who takes whose place. */
const ofChains: readonly Invariant[] = [
  neverWhatIsForbidden,
  keepsToPolicy,
  oneServes,
  nothingLeft,
  firstThatCan,
  targetStarts,
  fallbacksAreTold,
];

/** Everything that always holds; a further invariant is a file and a line here. */
export const invariants: readonly Invariant[] = [
  ...ofRequests.map((one) => ({ ...one, strategy: 'seccomp-notify' as const })),
  ...[...ofRequests, nativePassesNoHelper].map((one) => ({ ...one, strategy: 'file-handle' as const })),
  ...ofBrokers.map((one) => ({ ...one, strategy: 'sidecar-caps' as const })),
  ...ofDispatches.map((one) => ({ ...one, strategy: 'dispatcher' as const })),
  ...ofChains.map((one) => ({ ...one, strategy: 'auto' as const })),
];
