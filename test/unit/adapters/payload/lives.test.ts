import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { markSettled, removeSettled } from '../../../../adapters/payload/earlier-lives.js';
import { findTarget } from '../../../../adapters/payload/find-container.js';
import { PayloadDirectory, payloadFolders } from '../../../../adapters/payload/payload-directory.js';

const containerId = 'vm-1';
const name = 'payload';
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'deputy-lives-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const folders = () => payloadFolders(directory, { containerId }, name);
function life(startTime: string, known?: number): number {
  const earlier = folders();
  return PayloadDirectory.of(directory, { containerId, startTime, name }).restartCount(earlier, known);
}

describe('lives of a container', () => {
  test('are counted by their starts, and keep their number', () => {
    expect(['10', '20', '30'].map((start) => life(start))).toEqual([0, 1, 2]);
    expect(['30', '10', '20'].map((start) => life(start))).toEqual([2, 0, 1]);
  });

  test('have the number of the orchestrator, but never one that there was', () => {
    expect(life('10', 5)).toBe(5);
    // A runtime started it again with the same configuration.
    expect(life('20', 5)).toBe(6);
    expect(life('30', 9)).toBe(9);
  });

  test('that are settled are kept up to a number, and no other is removed', () => {
    for (let start = 0; start < 20; start++) life(`${start}`);
    for (const path of folders().slice(0, 18)) markSettled(path);
    removeSettled(directory, { containerId }, name);
    expect(folders()).toHaveLength(16 + 2);
  });

  test('are found by the number of a first process, too', () => {
    life('10');
    const [path = ''] = folders();
    new PayloadDirectory(path).describe(77);
    expect(payloadFolders(directory, { processId: 77 }, name)).toEqual([path]);
    expect(payloadFolders(directory, { processId: 78 }, name)).toEqual([]);
    expect(payloadFolders(directory, { processId: 77 }, 'another')).toEqual([]);
  });
});

test.each([
  ['crun', (bundle: string) => ({ status: { pid: 7, bundle } })],
  [
    'runc',
    () => ({
      'state.json': {
        init_process_pid: 7,
        config: { labels: ['bundle=/b', 'io.kubernetes.container.restartCount=4'] },
      },
    }),
  ],
] as const)("the orchestrator's restart count is read from the state of %s", (_runtime, filesOf) => {
  const bundle = join(directory, 'bundle');
  const state = join(directory, 'state', containerId);
  for (const folder of [bundle, state]) mkdirSync(folder, { recursive: true });
  const annotations = { 'io.kubernetes.container.restartCount': '4' };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ annotations }));
  for (const [file, content] of Object.entries(filesOf(bundle))) {
    writeFileSync(join(state, file), JSON.stringify(content));
  }
  const found = findTarget(containerId, [join(directory, 'state')]);
  expect(found).toEqual({ processId: 7, containerId, restartCount: 4 });
});
