import { escapeText } from '../../core/events/escape-text.js';
import type { DeputyEvent } from '../../core/events/event.js';
import { handlerOf } from '../../strategies/seccomp-notify/handlers/registry.js';
import { abi } from '../kernel/numbers.js';
import { type InjectedMoment, type Injection, invalid } from './injection.js';
import type { Moment } from './moments.js';
import type { History } from './read-history.js';
import { type RecordedRequest, stepsOf } from './recorded-request.js';
import type { ListenerFacts } from './served-listeners.js';

/** Where in the recorded moments a fault happens. */
export type Location =
  | {
      readonly kind: 'request';
      readonly request: RecordedRequest;
      readonly index: number;
      readonly step: string;
      readonly moment: InjectedMoment;
    }
  | { readonly kind: 'time'; readonly epoch: number; readonly timeUs: number; readonly event: string };

/** Finds the place that an injection names. Errors: DEPUTY_E_INJECTION_INVALID. */
export function locate(
  injection: Injection,
  history: History,
  requests: readonly RecordedRequest[],
  listeners: ReadonlyMap<number, ListenerFacts>,
): Location {
  const { place } = injection;
  const event = findEvent(place, history.events);
  const request =
    event === undefined
      ? requests.find(({ slot, epoch }) => place === `${slot}` || place === `${epoch}-${slot}`)
      : requests.find(({ ticket }) => ticket !== undefined && ticket === sequenceOf(event));
  if (request !== undefined) return inRequest(injection, request, listeners.get(request.listener));
  if (event === undefined) {
    throw invalid(`the history has no event, request or slot '${escapeText(place, 200)}'`);
  }
  if (injection.fault !== 'supervisor-restart') throw invalid(`${injection.fault} needs a request's event`);
  const word = history.words.find(({ ticket }) => ticket === sequenceOf(event));
  const baseMs = history.baseMs.get(word?.epoch ?? event.epoch) ?? 0;
  const timeUs = (Date.parse(event.time) - baseMs) * 1_000;
  return { kind: 'time', epoch: word?.epoch ?? event.epoch, timeUs, event: event.id };
}

/** Is this the first moment behind the place? */
export function isAt(location: Location, { request, index, kind, timeUs }: Moment): boolean {
  if (location.kind === 'time') return request.epoch === location.epoch && timeUs >= location.timeUs;
  if (request !== location.request || kind === 'begin') return false;
  return location.moment === 'after' ? index > location.index : index >= location.index;
}

function findEvent(place: string, events: readonly DeputyEvent[]): DeputyEvent | undefined {
  const counted = /^(?<type>[a-z.]+)#(?<number>\d+)$/.exec(place)?.groups;
  if (counted !== undefined) {
    return events.filter(({ type }) => type === counted['type'])[Number(counted['number']) - 1];
  }
  const byId = events.find(({ id }) => id === place);
  if (byId !== undefined || !/^\d+$/.test(place)) return byId;
  const byVersion = events.filter(({ version }) => `${version}` === place);
  if (byVersion.length > 1)
    throw invalid(`several delegations have a version ${place}; give DELEGATION/VERSION`);
  return byVersion[0];
}

function sequenceOf(event: DeputyEvent): number {
  return (event as { readonly sequence?: number }).sequence ?? -1;
}

function inRequest(
  injection: Injection,
  request: RecordedRequest,
  facts: ListenerFacts | undefined,
): Location {
  const { record } = request;
  if (facts === undefined) throw invalid('its listener is unknown');
  const handler = handlerOf(record, abi, facts.policy);
  const names = stepsOf(record).steps.map(({ step }) => handler.steps[step]?.name ?? `step ${step}`);
  const calls = names.map((name, index) => ({ name, index }));
  const step = injection.step ?? defaultStep(names);
  const found = calls.findLast(({ name }) => name === step);
  if (found === undefined) {
    throw invalid(`this request has no step '${escapeText(step, 64)}'; it has ${names.join(', ')}`);
  }
  const moment = injection.moment ?? (handsOver.has(step) ? 'after' : 'before');
  return { kind: 'request', request, index: found.index, step, moment };
}

const handsOver: ReadonlySet<string> = new Set(['inject-descriptor', 'ask-injector', 'withdraw-descriptor']);

/** The step by which it was answered, or the one that handed it to the injector. */
function defaultStep(names: readonly string[]): string {
  const answering = names.findLast((name) => /^answer-/.test(name));
  return answering ?? names.findLast((name) => handsOver.has(name)) ?? names[0] ?? '(none)';
}
