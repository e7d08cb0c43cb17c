import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { checkoutDirectory } from '../../lab/paths.js';
import type { HandMethod } from './hand.js';

/** A thread that is told what to do, one thing after the other. It comes from the build: it is no test file. */
export class Hand {
  private readonly worker = new Worker(join(checkoutDirectory(), 'dist/test/conformance/real/hand.js'));
  private waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void } | undefined;

  constructor() {
    this.worker.on('message', (value: unknown) => this.waiting?.resolve(value));
    this.worker.on('error', (error) => this.waiting?.reject(error as Error));
  }

  ask<T>(method: HandMethod, ...values: readonly unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting = { resolve: resolve as (value: unknown) => void, reject };
      this.worker.postMessage({ method, values });
    });
  }

  /** The thread ends, as a process would that is killed: what it traces learns of it from the kernel. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }
}
