import { deputyError } from '../../../core/errors/deputy-error.js';
import { errnoText } from '../../../core/errors/errno.js';
import type { Interference } from '../../world/world.js';
import { Acting } from '../dispatch/acting.js';

/** The calls of ports that one engine makes: each is a point, at which it may die or the call may fail. */
export class PortCalls extends Acting {
  override call<Result>(name: string, work: () => Result, [from, to] = [5, 60]): Promise<Result> {
    const { world, self } = this;
    return new Promise((resolve, reject) => {
      world.later(self.process, from as number, to as number, () =>
        world.step(self.process, this.kind, name, null, (interference) => {
          const { settle, shown } = this.make(name, work, interference, resolve, reject);
          // A promise's chain goes on in an event of its process: a dead one's never does.
          this.later(0, settle);
          // A long chain takes more turns than are drained at a time.
          this.later(1, () => undefined);
          return shown;
        }),
      );
    });
  }

  /** A call that is made in one go with those around it. Throws what it throws, and when its process died. */
  callAtOnce<Result>(name: string, work: () => Result): Result {
    const { world, self } = this;
    let result: { readonly value: Result } | undefined;
    let failure: unknown;
    const made = world.stepAtOnce(self.process, this.kind, name, null, (interference) => {
      world.steps++;
      try {
        failUnder(name, interference);
        result = { value: work() };
        return 0;
      } catch (error) {
        failure = error;
        return -1;
      }
    });
    // Nobody hears of it: whatever a dead process would do next comes to nothing.
    if (made === undefined) throw new RangeError(`${self.actor} died at ${name}`);
    if (result === undefined) throw failure;
    return result.value;
  }

  private make<Result>(
    name: string,
    work: () => Result,
    interference: Interference | undefined,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): { readonly settle: () => void; readonly shown: number } {
    this.world.steps++;
    try {
      failUnder(name, interference);
      const result = work();
      return { settle: () => resolve(result), shown: typeof result === 'number' ? result : 0 };
    } catch (error) {
      return { settle: () => reject(error), shown: -1 };
    }
  }
}

/** A call that is not made and gives an errno instead. */
function failUnder(name: string, interference: Interference | undefined): void {
  const { errno } = interference ?? {};
  if (errno === undefined) return;
  throw deputyError('DEPUTY_E_HANDLER_FAILED', { detail: `${name}: ${errnoText(-errno)}` });
}
