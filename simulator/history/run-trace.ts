import type { RequestRecord } from '../../core/request/record.js';
import type { TraceSink } from '../runner/run-scenario.js';
import type { EntryDraft } from '../trace/writer.js';
import type { Call, StepTaken } from './call.js';
import { endStateOf } from './end-state.js';

/** Writes what a replay does as entries of a trace. Each entry's cause is the one of its call before it. */
export class RunTrace {
  private sequence = 0;
  private readonly last = new Map<string, number>();

  constructor(
    private readonly nowUs: () => number,
    private readonly sink: TraceSink | undefined,
  ) {}

  started(supervisor: string, why: string): void {
    this.write(supervisor, 'actor', 'started', { kind: 'supervisor', label: supervisor, why }, null);
  }

  fault(supervisor: string, name: string, detail: Record<string, unknown>): void {
    this.write(supervisor, 'fault', name, detail, null);
    this.write(supervisor, 'state', 'process', { alive: false }, null);
  }

  received(supervisor: string, call: Call): void {
    const { threadId, syscallNumber } = call.source;
    this.write(supervisor, 'notification', 'received', { threadId, syscall: syscallNumber }, call);
  }

  takenOver(supervisor: string, call: Call, formerStep: number): void {
    this.write(supervisor, 'note', 'taken-over', { formerStep }, call);
  }

  /** What the model gave, because the journal has no result for it, is marked. */
  step(supervisor: string, call: Call, { name, result, isPure }: StepTaken, isAssumed: boolean): void {
    this.write(supervisor, 'step', name, isPure ? {} : { result, recorded: !isAssumed }, call);
    if (isAssumed) this.write(supervisor, 'assumed', name, { result }, call);
  }

  finished(supervisor: string, call: Call, record: RequestRecord, recovery: string): void {
    const { type, ...end } = endStateOf(record);
    this.write(supervisor, 'answer', type, { ...end, recovery }, call);
  }

  private write(
    actor: string,
    type: EntryDraft['type'],
    name: string,
    detail: Record<string, unknown>,
    call: Call | null,
  ): void {
    if (this.sink === undefined) return;
    const request = call?.name ?? null;
    const cause = this.last.get(request ?? actor) ?? null;
    this.sink({ timeUs: this.nowUs(), actor, type, name, detail, cause, request });
    this.last.set(request ?? actor, this.sequence++);
  }
}
