import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longestStoredName } from '../../adapters/systemd/index.js';
import { compileTarget } from '../kernel/support/compile.js';
import type { KeptServiceReport } from '../lab/kept-service.js';
import { cgroupMount } from '../lab/lab-cgroup.js';
import { checkoutDirectory } from '../lab/paths.js';
import { missingForSystemd, type SystemdLab, startSystemd } from '../lab/systemd.js';
import { describeWhen } from '../support/describe-when.js';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Without 'polled', whose peer ends with the first process, so that systemd drops it. */
const lasting = ['memory', 'socket', 'unpolled'];

/** Looks until it is so; the limit is for what never comes. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (isSo()) return;
    await sleep(100);
  }
  throw new Error(`never: ${what}`);
}

describeWhen(missingForSystemd(), 'descriptors in the store of a real systemd', () => {
  let lab: SystemdLab;
  beforeAll(async () => {
    lab = await startSystemd();
  }, 60_000);
  afterAll(() => lab?.stop());

  /** The test service as a unit of its own name: its folder, and a way to read its report. */
  function install(name: string, settings: readonly string[] = []): Service {
    const directory = join(lab.directory, name);
    mkdirSync(directory);
    const script = join(checkoutDirectory(), 'dist/test/lab/kept-service.js');
    const unit = `${name}.service`;
    lab.installUnit(
      unit,
      [
        '[Unit]',
        'StartLimitIntervalSec=0',
        '[Service]',
        'Type=notify',
        'NotifyAccess=main',
        `ExecStart=${process.execPath} ${script} ${directory}`,
        'ExecReload=/bin/kill -HUP $MAINPID',
        'FileDescriptorStoreMax=16',
        'Restart=always',
        'RestartSec=100ms',
        ...settings,
        '',
      ].join('\n'),
    );
    lab.systemctl('daemon-reload');
    lab.systemctl('start', unit);
    const report = (): KeptServiceReport =>
      JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as KeptServiceReport;
    return {
      unit,
      directory,
      report,
      stored: () => Number(lab.property(unit, 'NFileDescriptorStore')),
      signal: (signal) => void lab.systemctl('kill', '--kill-who=main', `--signal=${signal}`, unit),
      async another(before) {
        const isAnother = (): boolean =>
          report().pid !== before && lab.property(unit, 'ActiveState') === 'active';
        await until('another process of the service', isAnother);
        return report();
      },
      answer: () => ask(lab, join(directory, 'socket')),
    };
  }

  function expectKept(after: KeptServiceReport, first: KeptServiceReport): void {
    expect(after.received.filter((name) => name !== 'polled').sort()).toEqual(lasting);
    expect(after.memory).toBe(first.memory);
    expect(after.listenVariables).toEqual([]);
    expect(after.inheritable).toEqual([]);
  }

  test('survive SIGKILL, systemctl restart and an end by itself', { timeout: 60_000 }, async () => {
    const service = install('kept');
    const first = service.report();
    expect(first.received).toEqual([]);
    // Five were handed over; one that is in the store already isn't stored under a second name.
    expect(service.stored()).toBe(4);
    expect(service.answer()).toBe(String(first.pid));
    expect(lab.property(service.unit, 'StatusText')).toBe(`serving as ${first.pid}`);

    let before = first;
    for (const end of ['SIGKILL', 'restart', 'SIGTERM', 'SIGKILL'] as const) {
      if (end === 'restart') lab.systemctl('restart', service.unit);
      else service.signal(end);
      const after = await service.another(before.pid);
      expectKept(after, first);
      // The path is still bound to the first socket, and whoever connects reaches the new process.
      expect(service.answer(), end).toBe(String(after.pid));
      before = after;
    }
  });

  test('a connection made while nobody runs waits for the next process', { timeout: 60_000 }, async () => {
    const service = install('waiting', ['RestartSec=1500ms']);
    const first = service.report();
    service.signal('SIGKILL');
    await until('the service is down', () => lab.property(service.unit, 'SubState') === 'auto-restart');
    const answer = service.answer();
    const after = await service.another(first.pid);
    expect(answer).toBe(String(after.pid));
  });

  test('a removed one does not come back', { timeout: 60_000 }, async () => {
    const service = install('removed');
    service.signal('SIGUSR1');
    await until('three are left', () => service.stored() === 3);
    const { pid } = service.report();
    service.signal('SIGKILL');
    const after = await service.another(pid);
    expect(after.received.filter((name) => name !== 'polled').sort()).toEqual(['socket', 'unpolled']);
    expect(after.memory).toBe('');
  });

  test('one that hangs up is dropped by systemd, unless it was told not to look', {
    timeout: 60_000,
  }, async () => {
    const service = install('hanging');
    const { pid } = service.report();
    service.signal('SIGUSR2');
    await until('three are left', () => service.stored() === 3);
    service.signal('SIGKILL');
    const after = await service.another(pid);
    expect([...after.received].sort()).toEqual(['memory', 'socket', 'unpolled']);
  });

  test('the watchdog ends a service that stands still, and nothing is lost', {
    timeout: 60_000,
  }, async () => {
    const service = install('watched', ['WatchdogSec=1s', 'LimitCORE=0']);
    const first = service.report();
    // One that is well is left alone for longer than the watchdog allows.
    await sleep(2_500);
    expect(service.report().pid).toBe(first.pid);
    service.signal('SIGSTOP');
    const after = await service.another(first.pid);
    expectKept(after, first);
    expect(lab.journal(service.unit)).toContain('Watchdog timeout');
    expect(service.answer()).toBe(String(after.pid));
  });

  test('a service that fails again and again, and a systemd that is executed anew, lose nothing', {
    timeout: 60_000,
  }, async () => {
    const service = install('failing');
    const first = service.report();
    writeFileSync(join(service.directory, 'fail'), '');
    service.signal('SIGKILL');
    await until('ten failed starts', () => Number(lab.property(service.unit, 'NRestarts')) >= 10);
    lab.systemctl('daemon-reexec');
    rmSync(join(service.directory, 'fail'));
    const after = await service.another(first.pid);
    expectKept(after, first);
    expect(service.answer()).toBe(String(after.pid));
  });

  test("a store as full as deputy.service's may be comes back, with the longest names", {
    timeout: 120_000,
  }, async () => {
    const unit = readFileSync(join(checkoutDirectory(), 'docs/examples/deputy.service'), 'utf8');
    const bound = Number(/^FileDescriptorStoreMax=(\d+)$/m.exec(unit)?.[1]);
    const directory = join(lab.directory, 'full');
    mkdirSync(directory);
    const script = join(checkoutDirectory(), 'dist/test/lab/full-store-service.js');
    const settings = ['Type=notify', `FileDescriptorStoreMax=${bound}`, 'LimitNOFILE=65536'];
    const command = `${process.execPath} ${script} ${directory} ${bound} ${longestStoredName}`;
    lab.installUnit('full.service', ['[Service]', ...settings, `ExecStart=${command}`, ''].join('\n'));
    lab.systemctl('daemon-reload');
    lab.systemctl('start', 'full.service');
    expect(lab.property('full.service', 'NFileDescriptorStore')).toBe(String(bound));
    const report = (): { pid: number; received: number; names: number } =>
      JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8'));
    const { pid } = report();
    lab.systemctl('restart', 'full.service');
    await until('started again', () => report().pid !== pid);
    expect(report()).toMatchObject({ received: bound, names: bound });
    lab.systemctl('stop', 'full.service');
  });

  test("a target's call outlives its agent, and its listener leaves the store with it", {
    timeout: 60_000,
  }, async () => {
    const directory = join(lab.directory, 'listening');
    mkdirSync(join(directory, 'share'), { recursive: true });
    writeFileSync(join(directory, 'share/own'), '');
    cpSync(compileTarget('handover'), join(directory, 'handover'));
    const script = join(checkoutDirectory(), 'dist/test/lab/listener-service.js');
    const settings = ['Type=notify', 'FileDescriptorStoreMax=16', 'Restart=always', 'RestartSec=1s'];
    lab.installUnit(
      'listening.service',
      ['[Service]', ...settings, `ExecStart=${process.execPath} ${script} ${directory}`, ''].join('\n'),
    );
    lab.systemctl('daemon-reload');
    lab.systemctl('start', 'listening.service');
    const words = ['whole', join(directory, 'socket'), 'c1', join(directory, 'share')];
    const target = lab.start(join(directory, 'handover'), words);
    await until('the call was received', () => existsSync(join(directory, 'id')));
    const stored = (): string => lab.property('listening.service', 'NFileDescriptorStore');
    expect(stored()).toBe('1');
    lab.systemctl('kill', '--kill-who=main', '--signal=SIGKILL', 'listening.service');
    await target.exited;
    // Answered by the second process, by the id that the first had received.
    expect(target.stdout).toEqual(['open: EXDEV']);
    await until('it says so', () => existsSync(join(directory, 'sent')));
    expect(readFileSync(join(directory, 'sent'), 'utf8')).toBe('0');
    await until('the listener has hung up', () => stored() === '0');
  });

  test('a reload is over when the service says so', { timeout: 60_000 }, async () => {
    const service = install('reloaded');
    const { pid } = service.report();
    lab.systemctl('reload', service.unit);
    const text = (): string => lab.property(service.unit, 'StatusText');
    await until(
      'read again',
      () => text() === 'read again' && lab.property(service.unit, 'SubState') === 'running',
    );
    expect(service.report().pid).toBe(pid);
  });

  test('a service that is stopped for good has an empty store', { timeout: 60_000 }, async () => {
    const service = install('stopped');
    lab.systemctl('stop', service.unit);
    expect(lab.property(service.unit, 'Result')).toBe('success');
    expect(service.stored()).toBe(0);
  });
});

interface Service {
  readonly unit: string;
  readonly directory: string;
  report(): KeptServiceReport;
  stored(): number;
  signal(signal: string): void;
  another(before: number): Promise<KeptServiceReport>;
  answer(): string;
}

/** What is heard on a unix socket, asked from inside. */
function ask(lab: SystemdLab, path: string): string {
  const script = `
    const socket = require('net').connect(${JSON.stringify(path)});
    socket.on('data', (data) => process.stdout.write(data));
    socket.on('error', (error) => process.stdout.write(error.code));
  `;
  return lab.run(process.execPath, ['-e', script]).stdout;
}

test('a lab that was stopped leaves nothing behind', { timeout: 60_000 }, async () => {
  if (missingForSystemd().length > 0) return;
  const lab = await startSystemd();
  const path = `/proc/${lab.pid}`;
  const cgroups = cgroupsOf(lab.pid);
  expect(cgroups.length).toBeGreaterThan(0);
  await lab.stop();
  expect([path, lab.directory, ...cgroups].filter((entry) => existsSync(entry))).toEqual([]);
});

function cgroupsOf(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  const path = lines.find((line) => line.startsWith('0::'))?.slice(3);
  return [join(cgroupMount() ?? '/', path ?? '')];
}
