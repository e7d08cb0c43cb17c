import { offset } from '../../core/request/record-layout.js';
import type { Call, Life } from './call.js';
import type { HistoryRun } from './history-run.js';
import { bytesOf, type RecordedStep } from './recorded-request.js';

/** A step whose call is made, and its result told to nobody: the record is as it was before. */
export function stepInside(run: HistoryRun, life: Life, expected: RecordedStep | undefined): void {
  const { record } = life;
  const before = bytesOf(record).slice();
  run.step(life, expected);
  const kept = [record.u16(offset.state), record.u16(offset.effectMark)] as const;
  record.views.u8.set(before, record.base);
  record.setU16(offset.state, kept[0]);
  record.setU16(offset.effectMark, kept[1]);
  life.isEnded = false;
}

/** A target dies: what it had in flight ends, and it makes no more calls. How many those are. */
export function endTarget(run: HistoryRun, { listener }: Call, why: string): number {
  const target = run.world.targets.get(listener);
  if (target === undefined) return 0;
  run.trace.fault(target.process.actor, 'target-death', { why });
  for (const notification of [...target.filter.notifications.values()]) target.filter.remove(notification);
  run.world.world.kernel.kill(target.process);
  const open = run.openCalls();
  let never = 0;
  for (const call of run.calls.values()) {
    if (call.listener !== listener) continue;
    if (call.lives.length === 0) {
      call.isNever = true;
      never++;
    } else if (open.includes(call)) run.goOnByModel(call);
  }
  return never;
}

/** A signal ends the target's wait. */
export function interruptCall(run: HistoryRun, call: Call, why: string): void {
  const filter = run.world.targets.get(call.listener)?.filter;
  const notification = filter?.notifications.get(call.source.notificationId);
  run.trace.fault(run.supervisor, 'signal', { why });
  if (notification !== undefined) filter?.remove(notification);
  run.goOnByModel(call);
}

/** The next step's port gives this errno. */
export function failStep(run: HistoryRun, call: Call, errno: number, why: string): void {
  const life = call.lives.at(-1);
  run.trace.fault(run.supervisor, 'errno', { why });
  if (life !== undefined) run.step(life, undefined, errno);
  run.goOnByModel(call);
}
