import { fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { deputyError } from '../../../core/errors/deputy-error.js';
import type { HashAnswer, HashRequest } from './hash-worker.js';

const entry = fileURLToPath(new URL('./hash-worker.js', import.meta.url));

/** What surrounds a process and must make no difference to a run. */
interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Seeds of V8: for the hashes that order what is in its tables, and for Math.random. */
  readonly engine: readonly string[];
}

/** Two that have as little in common as they can. */
export const unlike: readonly [Surroundings, Surroundings] = [
  {
    environment: { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', NODE_OPTIONS: '' },
    directory: '/',
    engine: ['--hash-seed=1', '--random-seed=1'],
  },
  {
    environment: {
      TZ: 'America/St_Johns',
      LANG: 'C',
      LC_ALL: 'C',
      NODE_OPTIONS: '--stack-trace-limit=3 --max-semi-space-size=1',
    },
    directory: tmpdir(),
    engine: ['--hash-seed=2718281828', '--random-seed=31415', '--no-lazy-feedback-allocation'],
  },
];

/** Has a fresh process run plans. Errors: DEPUTY_E_SIMULATION_WORKER. */
export function hashInProcess(surroundings: Surroundings, request: HashRequest): Promise<readonly string[]> {
  const { environment, directory, engine } = surroundings;
  const child = fork(entry, {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    cwd: directory,
    execArgv: [...engine],
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'json',
  });
  return new Promise((resolve, reject) => {
    child.on('message', (message) => resolve((message as HashAnswer).hashes));
    child.on('error', (error) => reject(deputyError('DEPUTY_E_SIMULATION_WORKER', {}, error)));
    child.on('exit', (code, by) => {
      const detail = by === null ? `exit code ${code}` : `by ${by}`;
      reject(deputyError('DEPUTY_E_SIMULATION_WORKER', { detail }));
    });
    child.send(request);
  });
}
