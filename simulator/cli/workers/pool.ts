import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deputyError } from '../../../core/errors/deputy-error.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import { addTally, emptyTally, type Tally } from '../../search/tally.js';
import type { Batch, FromWorker, ToWorker } from './messages.js';

const entry = fileURLToPath(new URL('./worker.js', import.meta.url));
/** How long a worker may take over its last batch when all is to end. */
const graceMs = 2_000;

export interface PoolOptions {
  readonly jobs: number;
  readonly scenarios: readonly Scenario[];
  /** What is to be done next; undefined when nothing is left. */
  readonly next: () => Batch | undefined;
  /** Told after each batch. */
  readonly onDone?: (total: PoolResult) => void;
  /** Ends it early: no batch is handed out any more. */
  readonly signal: AbortSignal;
}

export interface PoolResult {
  readonly tally: Tally;
  /** Processor time of all workers, in their batches. */
  cpuUs: number;
}

/**
 * Has worker processes run batches until nothing is left, and adds up what they found. Errors:
 * DEPUTY_E_SIMULATION_WORKER when one ends by itself.
 */
export async function runPool(options: PoolOptions): Promise<PoolResult> {
  const total: PoolResult = { tally: emptyTally(), cpuUs: 0 };
  const workers = Array.from({ length: options.jobs }, () => fork(entry, { stdio: ['ignore', 2, 2, 'ipc'] }));
  try {
    await Promise.all(workers.map((worker) => serve(worker, options, total)));
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
  return total;
}

function serve(worker: ChildProcess, options: PoolOptions, total: PoolResult): Promise<void> {
  const { scenarios, next, onDone, signal } = options;
  return new Promise((resolve, reject) => {
    const tell = (message: ToWorker): void => {
      // Whoever can't be told has ended, and says so by its end.
      worker.send(message, () => undefined);
    };
    const handOut = (): void => {
      const batch = signal.aborted ? undefined : next();
      if (batch === undefined) return resolve();
      tell({ kind: 'batch', batch });
    };
    worker.on('message', (message) => {
      const { tally, cpuUs } = message as FromWorker;
      addTally(total.tally, tally);
      total.cpuUs += cpuUs;
      onDone?.(total);
      handOut();
    });
    worker.on('exit', (code, by) => {
      const detail = by === null ? `exit code ${code}` : `by ${by}`;
      reject(deputyError('DEPUTY_E_SIMULATION_WORKER', { detail }));
    });
    worker.on('error', (error) => reject(deputyError('DEPUTY_E_SIMULATION_WORKER', {}, error)));
    signal.addEventListener('abort', () => setTimeout(resolve, graceMs).unref());
    tell({ kind: 'scenarios', scenarios });
    handOut();
  });
}
