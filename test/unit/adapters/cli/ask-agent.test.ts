import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askAgent, isNoAgent } from '../../../../adapters/cli/ask-agent.js';

const noProcess = 0x7fffffff;

describe('asking an agent', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-ask-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const lockedBy = (pid: number): void => writeFileSync(join(directory, 'lock'), `${pid}\n`);
  const socketPath = (): string => join(directory, 'control.sock');

  /** A socket that was left: the path is there, nobody listens. */
  function leaveSocket(): void {
    const program = "require('node:net').createServer().listen(process.argv[1], () => process.exit(0))";
    spawnSync(process.execPath, ['-e', program, socketPath()]);
  }

  test('waits for the next supervisor while whoever holds the state directory lives', async () => {
    lockedBy(process.pid);
    leaveSocket();
    const answer = askAgent(directory, 'status');
    await setTimeout(100);
    rmSync(socketPath(), { force: true });
    const server = createServer((socket) => socket.end('{"state":"active"}\n')).listen(socketPath());
    expect(await answer).toEqual({ state: 'active' });
    server.close();
  });

  test('asks again when the one that was asked died over its answer', async () => {
    lockedBy(process.pid);
    let asked = 0;
    const server = createServer((socket) => socket.end(asked++ === 0 ? '{"sta' : '{}\n')).listen(
      socketPath(),
    );
    expect(await askAgent(directory, 'status')).toEqual({});
    expect(asked).toBe(2);
    server.close();
  });

  test('says who holds the state directory when nobody comes', async () => {
    lockedBy(process.pid);
    leaveSocket();
    const error = await askAgent(directory, 'status', 60).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'DEPUTY_E_SOCKET_UNUSABLE', details: { errno: 'EAGAIN' } });
    expect((error as Error).message).toContain(`process ${process.pid} has the state directory`);
    expect(isNoAgent(error)).toBe(false);
  });

  test('says at once that there is no agent when nobody holds it', async () => {
    lockedBy(noProcess);
    leaveSocket();
    const error = await askAgent(directory, 'status').catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'DEPUTY_E_SOCKET_UNUSABLE', details: { errno: 'ECONNREFUSED' } });
    expect(isNoAgent(error)).toBe(true);
  });

  test('an engine that is embedded has no socket', async () => {
    lockedBy(process.pid);
    const error = await askAgent(directory, 'status').catch((cause: unknown) => cause);
    expect(isNoAgent(error)).toBe(true);
  });
});
