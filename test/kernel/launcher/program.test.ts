import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { launchTarget } from '../../../adapters/launcher/launch-target.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { nobody, rootSuite, runToEnd, statusField } from './support/launched.js';

rootSuite('a launched program', () => {
  for (const waitKillable of [true, false]) {
    const flavour = waitKillable ? 'killable wait' : 'plain wait';

    it(`ends with its own code, ${flavour}`, async () => {
      expect(await runToEnd(['sh', '-c', 'exit 7'], { waitKillable })).toMatchObject({
        code: 7,
        signal: null,
      });
    });

    it(`has no privilege, one filter, and no way to more, ${flavour}`, async () => {
      const { output } = await runToEnd(['cat', '/proc/self/status'], { waitKillable, groups: [1234] });
      const field = (name: string): string => statusField(output, name);
      expect(field('Uid').split(/\s+/)).toEqual(['65534', '65534', '65534', '65534']);
      expect(field('Gid').split(/\s+/)).toEqual(['65534', '65534', '65534', '65534']);
      expect(field('Groups')).toBe('1234');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        expect(field(set), set).toBe('0000000000000000');
      }
      expect(field('NoNewPrivs')).toBe('1');
      expect(field('Seccomp')).toBe('2');
      expect(field('Threads')).toBe('1');
    });
  }

  it('has a filter that leaves opens with O_DIRECTORY to the kernel, where that is asked for', async () => {
    // Without a listener what would be notified of fails with ENOSYS (38); the kernel finds no descriptor -1.
    const calls = 'for (0200000, 0, 012000000) { syscall(304, -1, $buffer, $_); print $! + 0, " " }';
    const argv = ['perl', '-e', `$buffer = "\\x08" . "\\0" x 15; ${calls}`];
    const target = await launchTarget({
      argv,
      ...nobody,
      nativeDirectories: true,
      streams: ['ignore', 'pipe', 'inherit'],
    });
    systemCall('close', target.listener);
    let output = '';
    target.stdout?.on('data', (part: Buffer) => {
      output += part.toString();
    });
    await target.start();
    await target.exited;
    expect(output).toBe('9 38 38 ');
  });

  it('keeps no capability as root either', async () => {
    const { output } = await runToEnd(['cat', '/proc/self/status'], { uid: 0, gid: 0 });
    expect(statusField(output, 'CapEff')).toBe('0000000000000000');
    expect(statusField(output, 'CapBnd')).toBe('0000000000000000');
  });

  it('keeps the capabilities that it was given, and those alone', async () => {
    const { output } = await runToEnd(['cat', '/proc/self/status'], { keepCapabilities: [2] });
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(statusField(output, set), set).toBe('0000000000000004');
    }
  });

  it('starts with default signal actions and nothing blocked', async () => {
    const { output } = await runToEnd(['cat', '/proc/self/status']);
    for (const set of ['SigBlk', 'SigIgn', 'SigCgt']) {
      expect(statusField(output, set), set).toBe('0000000000000000');
    }
  });

  it('dies of SIGPIPE as any program does', async () => {
    const { output } = await runToEnd(['bash', '-c', 'yes | head -1; echo "$PIPESTATUS"']);
    expect(output).toBe('y\n141\n');
  });

  it('has its standard streams and nothing else open', async () => {
    const { output } = await runToEnd(['sh', '-c', 'ls /proc/$$/fd']);
    expect(output.trim().split('\n').sort()).toEqual(['0', '1', '2']);
  });

  it('has the soft limit of open files that was asked for', async () => {
    const { output } = await runToEnd(['sh', '-c', 'ulimit -n'], { fileLimit: 777 });
    expect(output).toBe('777\n');
  });

  it('gets its environment, whatever Node would make of it', async () => {
    const environment = { PATH: '/usr/bin:/bin', NODE_OPTIONS: '--no-such-option', TENANT: 'blau ü' };
    const { output } = await runToEnd(['env'], { environment });
    expect(output.trim().split('\n').sort()).toEqual(
      Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  it('runs in the directory that was asked for', async () => {
    expect((await runToEnd(['pwd'], { workingDirectory: '/usr/bin' })).output).toBe('/usr/bin\n');
  });

  it('gets EPERM from io_uring, which the notifier would not see', async () => {
    const script =
      'import ctypes; l = ctypes.CDLL(None, use_errno=True); print(l.syscall(425, 1, 0), ctypes.get_errno())';
    expect((await runToEnd(['python3', '-c', script])).output).toBe('-1 1\n');
  });

  it('waits until it is told to start, and dies of a signal before that', async () => {
    const target = await launchTarget({ argv: ['true'], ...nobody, streams: ['ignore', 'ignore', 'ignore'] });
    expect(target.kill('SIGTERM')).toBe(true);
    expect(await target.exited).toEqual({ code: null, signal: 'SIGTERM' });
    await target.start();
    systemCall('close', target.listener);
  });

  it('ends by the signal that it gets', async () => {
    const target = await launchTarget({
      argv: ['sleep', '60'],
      ...nobody,
      streams: ['ignore', 'ignore', 'ignore'],
    });
    await target.start();
    target.kill('SIGUSR1');
    expect(await target.exited).toEqual({ code: null, signal: 'SIGUSR1' });
    expect(target.kill('SIGUSR1')).toBe(false);
    systemCall('close', target.listener);
  });

  it('leaves no descriptor behind in deputy', async () => {
    await runToEnd(['true']);
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 5; round++) {
      await runToEnd(['true']);
      await runToEnd(['no-such-program']);
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });
});
