import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Environment,
  receivedDescriptors,
  watchdogIntervalMs,
} from '../../../../adapters/systemd/index.js';
import { isDeputyError } from '../../../../core/errors/deputy-error.js';
import { checkoutDirectory } from '../../../lab/paths.js';
import { describeWhen } from '../../../support/describe-when.js';

const pid = String(process.pid);
const onLinux = process.platform === 'linux' ? [] : ['Linux'];

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return isDeputyError(error) ? error.code : String(error);
  }
}

describe('WATCHDOG_USEC', () => {
  const cases: readonly [Environment, number | undefined][] = [
    [{}, undefined],
    [{ WATCHDOG_USEC: '10000000' }, 5_000],
    [{ WATCHDOG_USEC: '10000000', WATCHDOG_PID: pid }, 5_000],
    [{ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '1' }, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: '1' }, 1],
    [{ WATCHDOG_USEC: '9007199254740991' }, 2 ** 31 - 1],
  ];
  test('half of it, when it is ours', () => {
    for (const [environment, interval] of cases) expect(watchdogIntervalMs(environment)).toBe(interval);
  });

  test('nonsense is a coded error', () => {
    for (const value of ['', '-1', '1.5', '1e6', ' 1', 'ten', '99999999999999999999']) {
      const call = (): unknown => watchdogIntervalMs({ WATCHDOG_USEC: value });
      expect(codeOf(call), value).toBe('DEPUTY_E_SERVICE_ENVIRONMENT_INVALID');
    }
  });
});

describe('LISTEN_FDS', () => {
  test('is for another process: nothing, and the variables are gone all the same', () => {
    const environment = { LISTEN_PID: '1', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', PATH: '/bin' };
    expect(receivedDescriptors(environment)).toEqual([]);
    expect(environment).toEqual({ PATH: '/bin' });
    expect(receivedDescriptors({})).toEqual([]);
    expect(receivedDescriptors({ LISTEN_PID: pid })).toEqual([]);
    expect(receivedDescriptors({ LISTEN_PID: pid, LISTEN_FDS: '0', LISTEN_FDNAMES: '' })).toEqual([]);
  });

  test('nonsense is a coded error, and the variables are gone all the same', () => {
    const cases: readonly Environment[] = [
      { LISTEN_PID: 'me', LISTEN_FDS: '1' },
      { LISTEN_PID: pid, LISTEN_FDS: 'two' },
      { LISTEN_PID: pid, LISTEN_FDS: '-1' },
      { LISTEN_PID: pid, LISTEN_FDS: '4294967297' },
      { LISTEN_PID: pid, LISTEN_FDS: '2', LISTEN_FDNAMES: 'one' },
      { LISTEN_PID: pid, LISTEN_FDS: '1', LISTEN_FDNAMES: 'one:two' },
      { LISTEN_PID: pid, LISTEN_FDS: '1', LISTEN_FDNAMES: 'a\nb' },
      { LISTEN_PID: pid, LISTEN_FDS: '1', LISTEN_FDNAMES: 'x'.repeat(256) },
      // More than this process has open.
      { LISTEN_PID: pid, LISTEN_FDS: '16000' },
    ];
    for (const environment of cases) {
      const text = JSON.stringify(environment);
      expect(
        codeOf(() => receivedDescriptors(environment)),
        text,
      ).toBe('DEPUTY_E_SERVICE_ENVIRONMENT_INVALID');
      expect(environment).toEqual({});
    }
  });
});

describeWhen(onLinux, 'descriptors that were handed over', () => {
  const library = join(checkoutDirectory(), 'dist/adapters/systemd/index.js');

  /** Starts Node as systemd would: with descriptors from 3 on, and LISTEN_PID set by the process itself. */
  function receive(names: string | undefined, count: number): string {
    const script = `
      import { readFileSync } from 'node:fs';
      import { receivedDescriptors } from ${JSON.stringify(library)};
      process.env.LISTEN_PID = String(process.pid);
      const received = receivedDescriptors();
      const flags = (fd) => /flags:\\s*0*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + fd, 'utf8'))[1];
      const closed = received.every(({ descriptor }) => (parseInt(flags(descriptor), 8) & 0o2000000) !== 0);
      const left = Object.keys(process.env).filter((name) => name.startsWith('LISTEN'));
      console.log(JSON.stringify({ received, closed, left, again: receivedDescriptors() }));
    `;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: count }, () => 'ignore' as const)],
      env: {
        ...process.env,
        LISTEN_FDS: String(count),
        ...(names === undefined ? {} : { LISTEN_FDNAMES: names }),
      },
    });
    expect(result.stderr).toBe('');
    return result.stdout;
  }

  test('come with their names, closed on exec, once', () => {
    expect(JSON.parse(receive('socket:listener-1::socket', 4))).toEqual({
      received: [
        { name: 'socket', descriptor: 3 },
        { name: 'listener-1', descriptor: 4 },
        { name: '', descriptor: 5 },
        { name: 'socket', descriptor: 6 },
      ],
      closed: true,
      left: [],
      again: [],
    });
  });

  test('without names they are unknown', () => {
    const { received } = JSON.parse(receive(undefined, 2)) as { received: { name: string }[] };
    expect(received.map(({ name }) => name)).toEqual(['unknown', 'unknown']);
  });
});
