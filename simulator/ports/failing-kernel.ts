import type { RequestKernel } from '../../core/ports/kernel.js';
import type { Interference } from '../world/world.js';

/** Unwinds a step whose process is gone: nobody is told of the call's result. */
export class Vanished extends Error {}

/** The kernel's port for one step in which something goes wrong. */
export function failingKernel(kernel: RequestKernel, { diesInside, errno }: Interference): RequestKernel {
  return new Proxy(kernel, {
    get: (real, name) => {
      const member: unknown = Reflect.get(real, name);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]) => {
        const result: unknown = errno ?? member.apply(real, values);
        if (diesInside) throw new Vanished();
        return result;
      };
    },
  });
}
