/** deputy: the core and the engine. Importing it loads no native code and works on any system. */

export type { DelegationStatus } from './engine/delegation.js';
export { createEngine, type Engine } from './engine/engine.js';
export type { DelegateOptions, EngineOptions, ReconcileResult } from './engine/engine-options.js';
export { DeputyError, deputyError, isDeputyError } from './errors/deputy-error.js';
export { type Refusal, type RefusalCode, refusalTable } from './errors/refusals.js';
export { type ErrorCode, errorTable } from './errors/table.js';
export type { DeputyEvent } from './events/event.js';
export { type EventType, eventTypes } from './events/event-versions.js';
export type { EventData } from './events/registry.js';
export { validateEvent } from './events/validate-event.js';
export { delegationMachine } from './machines/delegation.js';
export { requestMachine } from './machines/request.js';
export type { PodSecurityCheck } from './pod-security/check.js';
export {
  evaluatePodSecurity,
  type PodSecurityEvaluation,
  type PodSecurityOptions,
  type PodSecurityViolation,
  podSecurityMessage,
} from './pod-security/evaluate.js';
export { type JudgedManifest, type JudgedObject, judgeManifest } from './pod-security/manifest.js';
export { type PodSecurityLevel, podSecurityLevels } from './pod-security/policy.js';
export { newestPodSecurityMinor, podSecurityChecks } from './pod-security/table.js';
export { defaultPolicy } from './policy/defaults.js';
export { type ResolvedPolicy, resolvePolicy } from './policy/match.js';
export { parsePolicy } from './policy/parse.js';
export { type Policy, type PolicyInput, policyJsonSchema } from './policy/schema.js';
export { policyWarnings } from './policy/warnings.js';
export type { BrokerHost, BrokerSession } from './ports/broker.js';
export type { Clock } from './ports/clock.js';
export type { EventStore, StoredEvent } from './ports/event-store.js';
export type { Ids } from './ports/ids.js';
export type { RequestKernel } from './ports/kernel.js';
export { type Logger, silentLogger } from './ports/logger.js';
export type { AttachOptions, RequestService, ServedListener } from './ports/request-service.js';
export type { EventDraft, Sequencer } from './ports/sequencer.js';
export type { StateDirectory } from './ports/state-directory.js';
export type {
  Assessment,
  EstablishContext,
  Establishment,
  EstablishmentHooks,
  Strategy,
  Target,
} from './ports/strategy.js';
export type { PreflightFacts, Reason, StrategyEntry } from './preflight/entry.js';
export { plainPod } from './preflight/pod-needs.js';
export { type AskedLevel, type RankedStrategy, type Ranking, rank } from './preflight/rank.js';
export { type PreflightReport, preflightJsonSchema } from './preflight/report.js';
export { preflightTable } from './preflight/table.js';
export { InMemoryEventStore } from './stores/in-memory-event-store.js';
