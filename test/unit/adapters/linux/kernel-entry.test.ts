import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkoutDirectory } from '../../../lab/paths.js';
import { describeWhen } from '../../../support/describe-when.js';

const missing =
  process.platform === 'linux' && process.arch === 'x64' ? [] : ['Linux on x86-64, whose calls these are'];

/** Runs this in a process of its own, with `systemCall` and koffi, and returns what `seen` was in the end. */
function run(body: string): unknown {
  const script = `
    import { createRequire } from 'node:module';
    import { systemCall } from '${join(checkoutDirectory(), 'dist/adapters/linux/native.js')}';
    const koffi = createRequire('${join(checkoutDirectory(), 'package.json')}')('koffi');
    const seen = [];
    ${body}
    console.log(JSON.stringify(seen));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

describeWhen(missing, 'calls of the kernel', () => {
  test("return its errno itself, whatever the thread's variable holds", () => {
    const seen = run(`
      koffi.errno(77);
      seen.push(systemCall('close', -1), systemCall('mount', 0, 0, 0, 0, 0), koffi.errno());`);
    expect(seen).toEqual([-9, -14, 77]);
  });

  test('take all six arguments, and return addresses', () => {
    const seen = run(`
      const address = systemCall('mmap', 0, 8192, 3, 0x22, -1, 0);
      const file = systemCall('memfd_create', address, 0);
      systemCall('pwrite64', file, address, 4096, 4096);
      // The offset is the sixth: past the file's first page is its second, and past the end nothing is mapped.
      const second = systemCall('mmap', 0, 4096, 1, 1, file, 4096);
      seen.push(address > 4096, file > 2, second > 4096, systemCall('mmap', 0, 4096, 1, 1, file, 1));`);
    expect(seen).toEqual([true, true, true, -22]);
  });
});
