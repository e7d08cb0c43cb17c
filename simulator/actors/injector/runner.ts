import { concludeGone } from '../../../core/injector/attach-steps.js';
import type { InjectorEnvironment } from '../../../core/injector/environment.js';
import { type Injection, place } from '../../../core/injector/injection.js';
import { requestField } from '../../../core/injector/protocol.js';
import type { InjectionRunner } from '../../../core/injector/runner.js';
import { DONE } from '../../../core/injector/sub-steps.js';
import { subStepEntry } from '../../../core/injector/table.js';
import type { ModelProcess } from '../../kernel/process.js';
import { takeStatus, tracee } from '../../kernel/tracing.js';
import { Vanished } from '../../ports/failing-kernel.js';
import type { World } from '../../world/world.js';

/** Runs sub-steps of the real table, each a point; what must wait for a stop goes on when that has come. */
export class ModelRunner implements InjectionRunner {
  environment!: InjectorEnvironment;

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
    /** Time that passes while nothing is to be seen. */
    private readonly passTime: () => void,
  ) {}

  advance(injection: Injection, from: number): number {
    let next = from;
    while (next >= 0) {
      injection.subStep = next;
      const entry = subStepEntry(next);
      const request = this.world.isTraced ? idOf(injection) : null;
      this.world.steps++;
      const result = this.world.stepAtOnce(this.process, 'injector', entry.name, request, () =>
        entry.begin(injection, this.environment),
      );
      // Nobody goes on: what was under way in this process's memory is gone.
      if (result === undefined) throw new Vanished();
      next = result;
    }
    return next;
  }

  follow(injection: Injection): boolean {
    for (;;) {
      const status = this.poll(injection);
      if (status === undefined) return false;
      if (status === 'ended') {
        concludeGone(injection);
        return true;
      }
      const next = subStepEntry(injection.subStep).stopped?.(injection, status);
      if (next !== undefined && this.advance(injection, next) === DONE) return true;
    }
  }

  pause(): void {
    this.passTime();
  }

  private poll({ threadId }: Injection): number | 'ended' | undefined {
    const thread = tracee(this.world.kernel, this.process, threadId);
    if (thread === undefined) return 'ended';
    const status = takeStatus(thread, this.process);
    return status === 0 ? undefined : status;
  }
}

function idOf({ memory }: Injection): string {
  return (memory.u64[(place.request + requestField.id) >> 3] as bigint).toString(16);
}
