import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';

/** One that works off a long journal answers late. */
const timeoutMs = 15_000;
const answerLimitBytes = 16 << 20;

/** A supervisor serves before it opens its socket: longer than any take-over that was seen. */
const takeOverLimitMs = 5_000;
/** One opens it for the first time, or anew. An engine that is embedded has the lock and never a socket. */
const openingLimitMs = 500;
const retryMs = 20;

type Question = 'status' | 'keys';

/**
 * Asks the agent through its control socket. Between two supervisors nobody answers on it: it is asked again
 * then, at most for `limitMs`. Throws a coded error when none answers.
 */
export async function askAgent(
  stateDirectory: string,
  question: Question,
  limitMs = takeOverLimitMs,
): Promise<unknown> {
  const begin = performance.now();
  let missingSince: number | undefined;
  for (;;) {
    try {
      return await askOnce(stateDirectory, question);
    } catch (error) {
      const pid = holderBetweenSupervisors(stateDirectory, error);
      if (pid === undefined) throw error;
      const now = performance.now();
      missingSince = errnoOf(error) === 'ENOENT' ? (missingSince ?? now) : undefined;
      if (missingSince !== undefined && now - missingSince > openingLimitMs) throw error;
      if (now - begin > limitMs) throw noSupervisor(stateDirectory, pid, error);
    }
    await setTimeout(retryMs);
  }
}

/** Who has the state directory, if nobody listened, or who did died as it was asked. */
function holderBetweenSupervisors(stateDirectory: string, error: unknown): number | undefined {
  if (!['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(errnoOf(error))) return undefined;
  try {
    const pid = Number(readFileSync(join(stateDirectory, 'lock'), 'utf8'));
    return pid > 0 && process.kill(pid, 0) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function noSupervisor(stateDirectory: string, pid: number, cause: unknown): Error {
  const path = join(stateDirectory, 'control.sock');
  const detail = `process ${pid} has the state directory, but no supervisor answers on it`;
  return deputyError('DEPUTY_E_SOCKET_UNUSABLE', { path, detail, errno: 'EAGAIN' }, cause as Error);
}

async function askOnce(stateDirectory: string, question: Question): Promise<unknown> {
  if (!existsSync(stateDirectory))
    throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path: stateDirectory });
  const path = join(stateDirectory, 'control.sock');
  return new Promise((resolveAnswer, reject) => {
    const socket = connect(path);
    let text = '';
    const fail = (cause?: Error): void => {
      socket.destroy();
      const detail =
        cause === undefined ? 'an agent is there, but does not answer' : 'no agent answers on it';
      reject(deputyError('DEPUTY_E_SOCKET_UNUSABLE', { path, detail, errno: errorCode(cause) }, cause));
    };
    socket.setTimeout(timeoutMs, () => fail());
    socket.on('error', fail);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.length > answerLimitBytes) fail();
    });
    socket.on('end', () => {
      try {
        resolveAnswer(JSON.parse(text));
      } catch {
        // It died before it had said all.
        fail(Object.assign(new Error('the answer is not whole'), { code: 'ECONNRESET' }));
      }
    });
    socket.write(`${question}\n`);
  });
}

/** Did nobody listen at all? */
export function isNoAgent(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error));
}

/** Of a socket that can't be used; otherwise ''. */
function errnoOf(error: unknown): string {
  return isDeputyError(error, 'DEPUTY_E_SOCKET_UNUSABLE') ? String(error.details['errno']) : '';
}

function errorCode(error: Error | undefined): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'timeout';
}
