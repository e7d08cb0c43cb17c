import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';

const timeoutMs = 5_000;
const answerLimitBytes = 16 << 20;

/** Asks the agent through its control socket. Throws a coded error when none answers. */
export async function askAgent(stateDirectory: string, question: 'status' | 'keys'): Promise<unknown> {
  if (!existsSync(stateDirectory))
    throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path: stateDirectory });
  const path = join(stateDirectory, 'control.sock');
  return new Promise((resolveAnswer, reject) => {
    const socket = connect(path);
    let text = '';
    const fail = (cause?: Error): void => {
      socket.destroy();
      const detail = 'no agent answers on it';
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
      } catch (error) {
        fail(error as Error);
      }
    });
    socket.write(`${question}\n`);
  });
}

/** Did nobody listen at all? */
export function isNoAgent(error: unknown): boolean {
  if (!isDeputyError(error, 'DEPUTY_E_SOCKET_UNUSABLE')) return false;
  return ['ENOENT', 'ECONNREFUSED'].includes(String(error.details['errno']));
}

function errorCode(error: Error | undefined): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'timeout';
}
