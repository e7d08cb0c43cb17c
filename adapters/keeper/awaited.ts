import { DeputyError } from '../../core/errors/deputy-error.js';
import type { ErrorCode } from '../../core/errors/table.js';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Who waits for a listener to be served, or to be refused. */
export class Awaited {
  private readonly waiters = new Map<number, Waiter>();

  wait(key: number): Promise<void> {
    return new Promise((resolve, reject) => this.waiters.set(key, { resolve, reject }));
  }

  served(key: number): void {
    this.waiters.get(key)?.resolve();
    this.waiters.delete(key);
  }

  refused(key: number, error: Error): void {
    this.waiters.get(key)?.reject(error);
    this.waiters.delete(key);
  }
}

/** A coded error as it came from a supervisor. */
export function failureOf(told: { code: string; message: string; remedy?: string }): DeputyError {
  return new DeputyError(told.code as ErrorCode, told.message, told.remedy ?? '');
}
