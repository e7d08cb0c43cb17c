import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deputyCommand } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { BrokerProcess, targetId } from './support/broker-process.js';
import { intrude } from './support/intrude.js';

const readSearch = (1n << 2n).toString(16).padStart(16, '0');
const none = '0'.padStart(16, '0');
/** DAC_READ_SEARCH, SETGID and SETUID: what can't be cut without SETPCAP, and no_new_privs makes worthless. */
const started = (0b1100_0100).toString(16).padStart(16, '0');

function threadsOf(pid: number): Record<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1');
    const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1] ?? '';
    const names = ['Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs'];
    const fields = Object.fromEntries(names.map((name) => [name, field(name).replaceAll('\t', ' ').trim()]));
    return { ...fields, filters: field('Seccomp_filters'), task: task === `${pid}` ? 'serving' : 'other' };
  });
}

describeWhen(missingForKernel(), 'the privileges of a broker', () => {
  for (const form of ['kubernetes', 'oci'] as const) {
    describe(`started as in ${form}`, () => {
      const broker = new BrokerProcess({ form, cgroup: 'other' });
      beforeAll(() => broker.start());
      afterAll(() => broker.end());

      test('are CAP_DAC_READ_SEARCH, as the target, with no_new_privs and a filter in every thread', () => {
        const threads = threadsOf(broker.pid);
        expect(threads.length).toBeGreaterThan(5);
        const ids = `${targetId} ${targetId} ${targetId} ${targetId}`;
        for (const { task, ...fields } of threads) {
          const isHolder = task === 'serving' || form === 'oci';
          // Ambient sets are for exec, which the filter refuses; the serving thread clears its own.
          const inherited = form === 'oci' && task === 'other' ? readSearch : none;
          expect(fields).toEqual({
            Uid: ids,
            Gid: ids,
            Groups: '',
            CapInh: inherited,
            CapPrm: isHolder ? readSearch : none,
            CapEff: isHolder ? readSearch : none,
            CapBnd: form === 'oci' ? readSearch : started,
            CapAmb: inherited,
            NoNewPrivs: '1',
            filters: '1',
          });
        }
      });

      test('can not be taken over by the target, which has its user', () => {
        const seize = spawnSync(
          'setpriv',
          [
            ...[`--reuid=${targetId}`, `--regid=${targetId}`, '--clear-groups', '--bounding-set=-all'],
            ...[
              'sh',
              '-c',
              `cat /proc/${broker.pid}/environ; ls /proc/${broker.pid}/fd /proc/${broker.pid}/root/`,
            ],
          ],
          { encoding: 'utf8' },
        );
        expect(seize.stdout).toBe('');
        expect(seize.stderr.match(/Permission denied/g)).toHaveLength(3);
      });

      test('what an intruder gains who is executed into the container: reading, not the broker', () => {
        const asRoot = intrude(form, broker, false);
        // This is the capability, and why nobody but the broker should run there.
        expect(asRoot).toMatchObject({ named: 0, opened: 'contents of secret\n', keys: 'true' });
        // The file is root's own: there the Kubernetes form has root's rights of an owner, too.
        if (form === 'oci') expect(asRoot['writes']).toBe(-13);
        else expect(asRoot['writes']).toBeGreaterThan(0);
        for (const attack of ['seize', 'copies']) expect(asRoot[attack], attack).toBeLessThan(0);
        for (const place of ['memory', 'environment', 'root', 'descriptors']) {
          expect(asRoot[place], place).toBe('EACCES');
        }
        // As the target's user it connects, to be turned away: it is in the broker's own cgroup. And it can end
        // the broker, as every process of that user can.
        if (form === 'oci') {
          expect(asRoot).toMatchObject({ setuid: -1, connects: true, signals: 'true' });
          return;
        }
        expect(asRoot).toMatchObject({ setuid: 0, connects: false, signals: 'EPERM' });
        const asTarget = intrude(form, broker, true);
        // Becoming the target costs the capability, and gains nothing over it.
        expect(asTarget).toMatchObject({
          opened: -1,
          writes: -1,
          seize: -1,
          copies: -1,
          setuid: -1,
          connects: true,
          signals: 'true',
        });
        for (const place of ['memory', 'environment', 'root', 'descriptors', 'keys']) {
          expect(asTarget[place], place).toBe(place === 'keys' ? 'true' : 'EACCES');
        }
      });
    });
  }

  test.each([
    [
      'without the capability',
      ['--bounding-set=-all,+setuid,+setgid'],
      /started without CAP_DAC_READ_SEARCH/,
    ],
    [
      'without what it takes to become the target',
      ['--bounding-set=-all,+dac_read_search'],
      /can not become 107/,
    ],
  ])('%s it does not begin', async (_, sets, message) => {
    const broker = new BrokerProcess();
    const words = [...sets, '--inh-caps=-all', process.execPath, deputyCommand()];
    const flags = ['--socket', broker.socketPath, '--share', `s=${broker.share}`, '--user', `${targetId}`];
    const result = spawnSync('setpriv', [...words, 'broker', ...flags, '--state', broker.stateDirectory], {
      encoding: 'utf8',
    });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/DEPUTY_E_BROKER_PRIVILEGES/);
    expect(result.stderr).toMatch(message);
    await broker.end();
  });

  test('in a user namespace, where the capability opens no handle, it says so', async () => {
    const broker = new BrokerProcess();
    for (const name of ['sock', 'state']) chownSync(join(broker.directory, name), 0, 0);
    const sets = ['--bounding-set=-all,+dac_read_search', '--inh-caps=-all'];
    const words = ['--user', '--map-root-user', 'setpriv', ...sets, process.execPath, deputyCommand()];
    const flags = ['--socket', broker.socketPath, '--share', `s=${broker.share}`, '--user', '0'];
    const result = spawnSync('unshare', [...words, 'broker', ...flags, '--state', broker.stateDirectory], {
      encoding: 'utf8',
    });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/DEPUTY_E_BROKER_SHARE.*EPERM; the capability counts/s);
    await broker.end();
  });

  test('as root with more than it needs in a thread of Node it does not serve', async () => {
    const broker = new BrokerProcess({ flags: ['--user', '0'] });
    for (const name of ['sock', 'state']) chownSync(join(broker.directory, name), 0, 0);
    await expect(broker.start()).rejects.toThrow(/a thread of Node has the capabilities c0 besides/);
    await broker.end();
  });
});
