import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { replayStateDirectory } from '../support/replay.js';
import { LineProcess } from './support/line-process.js';
import { descriptorsOf } from './support/process-resources.js';
import { requestsOf } from './support/request-events.js';
import { makeShare } from './support/share.js';
import { TrapTarget } from './support/trap-target.js';
import { O } from './support/trap-thread.js';

const O_NOCTTY = 0o400;
const failed = 'DEPUTY_E_REFUSED_HANDLER_FAILED';

describeWhen(missingForKernel(), 'a handler that throws', () => {
  test('gets its caller EIO, says why, keeps nothing open, and the next call is served', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-throwing-'));
    chmodSync(directory, 0o755);
    const [socketPath, state] = [join(directory, 'agent.sock'), join(directory, 'state')];
    const program = join(import.meta.dirname, 'support/throwing-agent.mjs');
    const agent = new LineProcess(process.execPath, [program, socketPath, state], directory);
    expect(await agent.next('ready')).toBe('ready');
    const made = makeShare();
    const target = TrapTarget.start(made.share);
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    for (const name of ['own', 'link']) await target.encode(name, name);
    onTestFinished(() => {
      target.kill();
      agent.kill();
    });
    await target.confine({ socketPath });
    const open = (name: string, flags: number) => target.openHandle(mount, name, flags);
    const right = await target.openAndDescribe(mount, 'own', O.RDONLY);
    expect(await open('link', O.PATH)).toEqual(expect.any(Number));
    const held = (): string[] => descriptorsOf(agent.pid).filter((text) => text.includes(made.share));
    // The mount alone: what an exact open held is closed when the injector has reported.
    await expect.poll(held).toHaveLength(1);
    for (let round = 0; round < 20; round++) {
      expect(await open('own', O.NOATIME)).toBe('EIO');
      expect(await open('own', O.PATH | O.NOATIME)).toBe('EIO');
      expect(await agent.next()).toMatch(
        /^a handler failed.*"delegation":"[^"]+","request":"\d+-\d+".*describe-file/,
      );
      expect(await agent.next()).toContain('thrown in describe-file');
      expect(await target.openAndDescribe(mount, 'own', O.RDONLY)).toEqual(right);
    }
    // Here the injector has answered already, and the descriptor is the caller's.
    expect(await open('link', O.PATH | O_NOCTTY)).toEqual(expect.any(Number));
    expect(await agent.next()).toContain('thrown in injected');
    expect(await target.openAndDescribe(mount, 'own', O.RDONLY)).toEqual(right);
    await expect.poll(held).toHaveLength(1);
    const requests = await requestsOf(state, target.container, 64);
    const reasons = requests.filter(({ reason }) => reason === failed);
    expect(reasons).toHaveLength(41);
    await target.end();
    agent.kill('SIGTERM');
    expect(await agent.exited).toBe(0);
    expect(replayStateDirectory(state).requests).toBe(64);
    rmSync(directory, { recursive: true });
    rmSync(made.directory, { recursive: true });
  });
});
