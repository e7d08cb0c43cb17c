import { type DelegationStateName, delegationLife } from '../../../core/machines/delegation-life.js';
import type { PayloadEnd } from '../../../core/ports/payload.js';
import type { EventDraft, OpenStream, Sequencer } from '../../../core/ports/sequencer.js';
import { LockFile } from '../../processes/file-lock.js';
import type { World } from '../../world/world.js';
import type { Acting } from './acting.js';

const noCounts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

/** The events of one dispatch after the other, as its state directory keeps them: what is appended stays. */
export class DispatchLog {
  readonly events: EventDraft[] = [];
  private readonly states = new Map<string, DelegationStateName>();
  /** Events that do not follow from those before them. */
  readonly illegal: string[] = [];
  epoch = 0;
  /** Of the state directory: one writer at a time. */
  readonly lock = new LockFile();

  constructor(private readonly world: World) {}

  /** The sequencer of a process that opens it. */
  open(writer: Acting): Sequencer {
    this.epoch++;
    const left = this.openStreams();
    return {
      append: (draft) => {
        if (writer.isAlive) this.append(draft, writer.self.actor);
        return this.events.length;
      },
      // What was appended is in the journal; the store has it a little later.
      published: () => writer.call('publish', () => undefined),
      caughtUp: () => Promise.resolve(left),
    };
  }

  /** The ends of payloads that it tells of. */
  get toldEnds(): readonly PayloadEnd[] {
    return this.events.flatMap(({ type, data }) =>
      type === 'delegation.releasing' ? endOf((data as { readonly reason: string }).reason) : [],
    );
  }

  private append(draft: EventDraft, actor: string): void {
    const { delegationId, type } = draft;
    const state = this.states.get(delegationId) ?? 'none';
    const next = delegationLife[state][type];
    if (next === undefined) this.illegal.push(`${type} behind ${state}`);
    this.states.set(delegationId, next ?? state);
    this.events.push(draft);
    this.world.watch.noted?.(actor, type, { ...(draft.data as object) });
  }

  private openStreams(): OpenStream[] {
    const isOver = (state: DelegationStateName): boolean => Object.keys(delegationLife[state]).length === 0;
    return [...this.states]
      .filter(([, state]) => !isOver(state))
      .map(([delegationId, state]) => ({ delegationId, tenant: 'vm', state, counts: noCounts }));
  }
}

function endOf(reason: string): PayloadEnd[] {
  const exited = /^the payload exited with (\d+)$/.exec(reason)?.[1];
  if (exited !== undefined) return [{ kind: 'exited', code: Number(exited) }];
  const signal = /^the payload was ended by signal (\d+)$/.exec(reason)?.[1];
  if (signal !== undefined) return [{ kind: 'signaled', signal: Number(signal) }];
  return reason.startsWith('the payload ended, and how') ? [{ kind: 'unknown', reason }] : [];
}
