import { deputyError } from '../../core/errors/deputy-error.js';
import type { DeputyEvent } from '../../core/events/event.js';
import type { Counts } from '../../core/events/vocabulary.js';
import {
  type DelegationState,
  delegationAllows,
  evolveDelegation,
  initialDelegationState,
} from '../../core/machines/delegation-state.js';
import { stateBefore } from '../../core/projections/overview.js';
import { historyLimits } from './limits.js';

/** A delegation as a stream's events tell of it. */
export interface ToldDelegation {
  readonly delegation: string;
  readonly node: string;
  readonly tenant: string;
  readonly state: string;
  readonly version: number;
  readonly counts: Counts;
  /** The first version that is there, where it is not 1. */
  readonly since?: number;
}

/** How a stream's replay ended. */
export interface StreamReplay {
  readonly events: number;
  readonly requests: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly delegations: readonly ToldDelegation[];
  /** Each event that is not once, in order, behind the one before it, on a legal path. */
  readonly problems: readonly string[];
  /** There were more problems than are kept. */
  readonly isCut: boolean;
}

interface Told {
  readonly node: string;
  /** What the events so far come to. */
  state: DelegationState;
  since: number;
  sinceSequence: number;
  /** The journal's ticket of the last event. */
  ticket: number;
}

const problemLimit = 1_000;

/** Replays a stream's events through the real machine, as they come, in memory of its delegations only. */
export class StreamHistory {
  private readonly delegations = new Map<string, Told>();
  private readonly nodes = new Set<string>();
  private readonly problems: string[] = [];
  private isCut = false;
  private events = 0;
  private requests = 0;
  private firstSequence = 0;
  private lastSequence = 0;

  /** One more event, in the stream's order. Throws DEPUTY_E_LIMIT_REACHED. */
  take(event: DeputyEvent, sequence: number): void {
    const { delegationId, version, type, node } = event;
    if (this.events === 0) this.firstSequence = sequence;
    this.lastSequence = sequence;
    this.events++;
    if (type.startsWith('request.')) this.requests++;
    this.nodes.add(node);
    const told = this.delegations.get(delegationId) ?? this.begin(event, sequence);
    const last = told.state.version;
    const said = `${event.id} (${type}) at sequence ${sequence}`;
    // What is there again is not folded again.
    if (version <= last) return this.problem(`${said} comes again, or late: version ${last} came before`);
    if (version > last + 1) this.problem(`${said} follows version ${last}: a gap`);
    const { sequence: ticket = told.ticket } = event as { readonly sequence?: number };
    if (ticket < told.ticket) this.problem(`${said} is out of the journal's order`);
    told.ticket = ticket;
    this.fold(told, event, said);
  }

  /** What all came to. Throws DEPUTY_E_HISTORY_UNREADABLE where there was nothing. */
  end(): StreamReplay {
    const { events, requests, firstSequence, lastSequence, isCut } = this;
    if (events === 0) {
      throw deputyError('DEPUTY_E_HISTORY_UNREADABLE', { detail: 'the stream has no events of deputy' });
    }
    // Retention takes the beginning of a node's stream and with it sequence 1; an aggregate is begun late.
    if (firstSequence === 1 && this.nodes.size === 1) this.checkBeginnings();
    const delegations = [...this.delegations].map(([delegation, told]) => toldOf(delegation, told));
    return { events, requests, firstSequence, lastSequence, delegations, problems: this.problems, isCut };
  }

  private begin({ delegationId, version, node }: DeputyEvent, sequence: number): Told {
    if (this.delegations.size >= historyLimits.delegations) {
      const what = 'delegations of one history';
      throw deputyError('DEPUTY_E_LIMIT_REACHED', { what, limit: historyLimits.delegations });
    }
    const state = { ...initialDelegationState, version: version - 1 };
    const told: Told = { node, state, since: version, sinceSequence: sequence, ticket: -1 };
    this.delegations.set(delegationId, told);
    return told;
  }

  private fold(told: Told, event: DeputyEvent, said: string): void {
    const { state, since } = told;
    if (delegationAllows(state.name, event.type)) {
      told.state = evolveDelegation(state, event);
      return;
    }
    // Where the beginning is gone, any event may be the first one.
    const isFirst = since > 1 && state.name === 'none';
    if (!isFirst) this.problem(`${said} is not allowed in state ${state.name}`);
    told.state = evolveDelegation({ ...state, name: stateBefore(event) }, event);
  }

  private checkBeginnings(): void {
    for (const [delegation, { since, sinceSequence }] of this.delegations) {
      if (since === 1) continue;
      this.problem(`${delegation} begins with version ${since} at sequence ${sinceSequence}: a gap`);
    }
  }

  private problem(text: string): void {
    if (this.problems.length < problemLimit) this.problems.push(text);
    else this.isCut = true;
  }
}

function toldOf(delegation: string, { node, state, since }: Told): ToldDelegation {
  const { tenant, name, version, counts } = state;
  const told = { delegation, node, tenant: tenant ?? '', state: name, version, counts };
  return since === 1 ? told : { ...told, since };
}
