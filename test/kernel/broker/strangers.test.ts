import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cgroupMount, makeLabCgroup, removeLabCgroup } from '../../lab/lab-cgroup.js';
import { checkoutDirectory } from '../../lab/paths.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { BrokerProcess, targetId } from './support/broker-process.js';
import { RawClient } from './support/raw-client.js';

const EACCES = -13;
const example = join(checkoutDirectory(), 'docs/examples/broker-client.c');
const missing = [...missingForKernel(), ...(spawnSync('gcc', ['--version']).error ? ['gcc'] : [])];

/** The example, compiled as its head says, for whoever may run it. */
function clientProgram(): string {
  return compileTarget('broker-client', ['-Wall', '-Wextra', '-Werror'], example);
}

async function faultText(client: RawClient | number): Promise<unknown> {
  if (typeof client === 'number') return client;
  const received = await client.receive();
  client.close();
  return (received?.answer as { text?: string } | undefined)?.text;
}

/** Runs the example as the target, behind what stands before it. */
function runExample(broker: BrokerProcess, before: readonly string[] = [], id = targetId): string {
  const words = [
    ...before,
    'setpriv',
    `--reuid=${id}`,
    `--regid=${id}`,
    '--clear-groups',
    '--bounding-set=-all',
  ];
  const [program = '', ...rest] = words;
  const files = ['own', 'public', 'secret'].map((name) => join(broker.share, name));
  const all = [...rest, clientProgram(), broker.socketPath, broker.share, ...files];
  const result = spawnSync(program, all, { encoding: 'utf8', timeout: 20_000 });
  return `${result.stdout}${result.stderr}`;
}

describeWhen(missing, 'the client in C of the docs', () => {
  const broker = new BrokerProcess();
  beforeAll(() => broker.start());
  afterAll(() => broker.end());

  test('is served as its user', () => {
    const lines = runExample(broker).trim().split('\n');
    expect(lines[0]).toMatch(/\/own: type \d+, [0-9a-f]{60,}: contents of own$/);
    expect(lines[1]).toMatch(/: contents of public$/);
    expect(lines[2]).toMatch(/\/secret: Permission denied$/);
  });

  test('is served in namespaces of its own: their pids can be seen from here, their mounts are compared', () => {
    const namespaces = ['unshare', '--pid', '--mount', '--fork', '--kill-child=SIGKILL'];
    expect(runExample(broker, namespaces)).toContain('contents of own');
    // The same place there, another part of the file system: it is not the share.
    const elsewhere = 'mount --bind "$0/folder" "$0" && exec "$@"';
    const covered = runExample(broker, [...namespaces, 'sh', '-c', elsewhere, broker.share]);
    expect(covered).toContain('own: No such file');
    const inner = [...namespaces, 'sh', '-c', 'mount --bind "$0/folder" /mnt && exec "$@"', broker.share];
    expect(runExample(broker, inner)).toContain('contents of own');
  });
});

describeWhen(missing, 'a broker and those who are not its target', () => {
  test('a child to whom its parent left the connection, and ended', async () => {
    const broker = await new BrokerProcess().start();
    const words = [`--reuid=${targetId}`, `--regid=${targetId}`, '--clear-groups', '--bounding-set=-all'];
    const program = compileTarget('broker-orphan', ['-Wall', '-Wextra']);
    const places = [broker.socketPath, join(broker.share, 'own')];
    const { stdout } = spawnSync('setpriv', [...words, program, ...places], { encoding: 'utf8' });
    expect(stdout).toBe('parent 0\nchild is let go\n');
    await broker.end();
    expect(broker.log).not.toContain('"level":50');
  });

  test('other users: by the mode of the socket, and by who they were when they connected', async () => {
    const broker = await new BrokerProcess().start();
    expect(RawClient.connect(broker.socketPath, 108)).toBe(EACCES);
    expect(await faultText(RawClient.connect(broker.socketPath, 0))).toBe('its uid is 0');
    await broker.end();
    expect(broker.log).toContain('a connection was refused');
  });

  test("who is in the broker's own cgroup, as one is who was executed into its container", async () => {
    const broker = await new BrokerProcess({ cgroup: 'other' }).start();
    const client = RawClient.connect(broker.socketPath);
    expect(await faultText(client)).toBe("it is in the broker's own cgroup");
    await broker.end();
  });

  test('who lacks a group that the broker acts with', async () => {
    const broker = await new BrokerProcess({ flags: ['--groups', '4242'] }).start();
    expect(await faultText(RawClient.connect(broker.socketPath))).toBe('it lacks the groups 4242');
    await broker.end();
  });

  test('who can not be seen: a broker in a pid namespace of its own', async () => {
    const before = ['unshare', '--pid', '--fork', '--mount-proc'];
    const broker = await new BrokerProcess({ before }).start();
    expect(await faultText(RawClient.connect(broker.socketPath))).toMatch(/pid namespace/);
    // It is the only child of unshare, which waits for it; its change of user has undone --kill-child.
    const children = readFileSync(`/proc/${broker.pid}/task/${broker.pid}/children`, 'latin1');
    process.kill(Number(children.trim()), 'SIGKILL');
    await broker.end();
  });
});

describeWhen(
  cgroupMount() === undefined ? [...missing, 'cgroup2'] : missing,
  'the cgroup of a target',
  () => {
    test('is the one that was named, or one at a time', async () => {
      const mount = cgroupMount() as string;
      const cgroup = makeLabCgroup();
      const other = `${cgroup}/other`;
      mkdirSync(`${cgroup}/target`);
      mkdirSync(other);
      const within = (path: string) => ['sh', '-c', `echo $$ > ${path}/cgroup.procs && exec "$@"`, 'sh'];
      const named = await new BrokerProcess({ cgroup: `${cgroup}/target`.slice(mount.length) }).start();
      expect(runExample(named, within(`${cgroup}/target`))).toContain('contents of own');
      expect(runExample(named, within(other))).toContain('it is in another cgroup than the target');
      await named.end();
      const any = await new BrokerProcess({ cgroup: 'other' }).start();
      // Served one after the other: a container that was started again has another cgroup.
      for (const path of [other, `${cgroup}/target`])
        expect(runExample(any, within(path))).toContain('contents of own');
      await any.end();
      for (const path of [other, `${cgroup}/target`]) rmdirSync(path);
      await removeLabCgroup(cgroup);
    });
  },
);

describeWhen(missing, 'the place of the socket', () => {
  const broken = async (socket: (broker: BrokerProcess) => string): Promise<string> => {
    let broker: BrokerProcess | undefined;
    try {
      const made = new BrokerProcess();
      broker = made;
      Object.assign(made, { socketPath: socket(made) });
      await made.start();
      return 'it serves';
    } catch (error) {
      return String(error);
    } finally {
      await broker?.end();
    }
  };

  test('is a path, through no symbolic link, and no place of another thing', async () => {
    expect(await broken(() => '@deputy')).toMatch(/DEPUTY_E_BROKER_SOCKET.*absolute path/s);
    const linked = await broken(({ directory }) => {
      symlinkSync('sock', join(directory, 'link'));
      return join(directory, 'link', 'broker.sock');
    });
    expect(linked).toMatch(/DEPUTY_E_BROKER_SOCKET.*ELOOP/s);
    const taken = await broken(({ socketPath }) => {
      writeFileSync(socketPath, 'a file of the target');
      return socketPath;
    });
    expect(taken).toMatch(/something else than a socket/);
  });

  test('is one broker’s, until that is gone', async () => {
    const broker = await new BrokerProcess().start();
    const second = new BrokerProcess();
    Object.assign(second, { socketPath: broker.socketPath });
    await expect(second.start()).rejects.toThrow('another broker listens there');
    await second.end();
    await broker.kill();
    await broker.start();
    expect(readFileSync(`/proc/${broker.pid}/status`, 'utf8')).toMatch(/^Uid:\s+107/m);
    await broker.end();
  });
});
