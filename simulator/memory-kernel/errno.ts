import { type ErrnoName, errnoNumbers } from '../../core/errors/errno.js';

/** Errors as the kernel returns them: `minus.EBADF` is -9. */
export const minus = Object.fromEntries(
  Object.entries(errnoNumbers).map(([name, number]) => [name, -number]),
) as Readonly<Record<ErrnoName, number>>;

/** Ends a simulation in which something was asked that the model has no answer for: a guess would prove nothing. */
export function modelGap(what: string): never {
  throw new Error(`the modelled kernel does not know this: ${what}`);
}
