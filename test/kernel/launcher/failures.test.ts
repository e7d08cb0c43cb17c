import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchTarget } from '../../../adapters/launcher/launch-target.js';
import { nobody, rootSuite, runToEnd } from './support/launched.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'deputy-launcher-'));
  chmodSync(directory, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string, mode: number): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

rootSuite('a program that cannot run', () => {
  it('is not found: 127', async () => {
    const outcome = await runToEnd(['no-such-program']);
    expect(outcome).toMatchObject({ code: 127, error: 'DEPUTY_E_COMMAND_NOT_FOUND' });
  });

  it('is not found when a folder of PATH may not be searched either: 127', async () => {
    const locked = join(mkdtempSync(join(directory, 'locked-')), 'bin');
    const outcome = await runToEnd(['no-such-program'], { environment: { PATH: `${locked}:/usr/bin` } });
    expect(outcome).toMatchObject({ code: 127, error: 'DEPUTY_E_COMMAND_NOT_FOUND' });
  });

  it('is no program: 126', async () => {
    const outcome = await runToEnd([file('plain', 'text', 0o644)]);
    expect(outcome).toMatchObject({ code: 126, error: 'DEPUTY_E_COMMAND_NOT_EXECUTABLE' });
  });

  it("is root's own: 126", async () => {
    const outcome = await runToEnd([file('private', '#!/bin/sh\n', 0o700)]);
    expect(outcome).toMatchObject({ code: 126, error: 'DEPUTY_E_COMMAND_NOT_EXECUTABLE' });
  });

  it('is a directory: 126', async () => {
    expect(await runToEnd([directory])).toMatchObject({ code: 126 });
  });

  it('but a script without a first line runs, as from a shell', async () => {
    expect(await runToEnd([file('bare', 'exit 9\n', 0o755)])).toMatchObject({ code: 9 });
  });
});

rootSuite('a launch that fails before the program', () => {
  it('says that the directory is shut', async () => {
    const shut = mkdtempSync(join(directory, 'shut-'));
    const launch = launchTarget({ argv: ['true'], ...nobody, workingDirectory: shut });
    await expect(launch).rejects.toMatchObject({ code: 'DEPUTY_E_LAUNCH_FAILED' });
  });

  it('refuses an empty command', async () => {
    await expect(launchTarget({ argv: [], ...nobody })).rejects.toMatchObject({ code: 'DEPUTY_E_USAGE' });
  });
});
