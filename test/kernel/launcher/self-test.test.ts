import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { probeNotifier, proveNotifier } from '../../../adapters/launcher/self-test.js';
import { checkStructLayouts } from '../../../adapters/launcher/struct-layouts.js';
import { rootSuite } from './support/launched.js';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs a line of JavaScript under a command such as setpriv, with the compiled self-test at hand. */
function under(command: readonly string[], code: string): { stdout: string; stderr: string } {
  const entry = `file://${checkout}dist/adapters/launcher/self-test.js`;
  const script = `const { proveNotifier } = await import('${entry}'); ${code}`;
  const words = [...command.slice(1), process.execPath, '--input-type=module', '-e', script];
  return spawnSync(command[0] ?? '', words, { encoding: 'utf8' });
}

rootSuite('the self-test', () => {
  it('finds the structures as they are expected', () => {
    expect(checkStructLayouts()).toBeUndefined();
  });

  it('proves the notifier on a probe child, and leaves nothing behind', async () => {
    expect(await probeNotifier()).toBeUndefined();
    const before = readdirSync('/proc/self/fd').length;
    expect(await proveNotifier()).toMatchObject({ addsDescriptors: true });
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });

  it('works for a user who is not root', () => {
    const command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { stdout } = under(command, 'console.log(JSON.stringify(await proveNotifier()))');
    expect(JSON.parse(stdout)).toMatchObject({ addsDescriptors: true });
    expect(JSON.parse(stdout)).not.toHaveProperty('obstacle');
  });

  it('says what stands in the way when there is a listener already', () => {
    // The launcher is started below a filter with a listener; the kernel allows one.
    const code = `
      const { launchTarget } = await import('file://${checkout}dist/adapters/launcher/launch-target.js');
      const inner = "const { proveNotifier } = await import('file://${checkout}dist/adapters/launcher/self-test.js');"
        + 'console.log((await proveNotifier()).obstacle)';
      const argv = [process.execPath, '--input-type=module', '-e', inner];
      const target = await launchTarget({ argv, uid: 0, gid: 0, syscalls: ['setns'] });
      await target.start();
      await target.exited;`;
    const { stdout } = under(['env'], code);
    expect(stdout).toContain('EBUSY');
  });
});
