import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../kernel/takeover/support/agent-tree.js';
import { deputyCommand } from '../lab/agent-process.js';
import { targetGid, targetUid } from '../lab/bundle.js';
import { type Child, runChild, startChild } from '../lab/child.js';
import { type Container, startContainer } from '../lab/container.js';
import { type LabHost, openLabHost } from '../lab/lab-host.js';
import { missingLabParts } from '../lab/lab-status.js';
import { checkoutDirectory } from '../lab/paths.js';
import { crunCommand, ownedFolder, writeSidecarBundle } from '../lab/sidecar-bundle.js';
import { describeWhen } from '../support/describe-when.js';

const needed = ['root', 'crun', 'unshare', 'temporary folder', 'container root'];
const timeoutMs = 90_000;
const name = 'broker';

/** A share with files of the target's and of root's, and the client in C of the docs. */
function makeShare(host: LabHost): string {
  const share = ownedFolder(join(host.directory, 'volume'));
  const source = join(checkoutDirectory(), 'docs/examples/broker-client.c');
  const gcc = spawnSync('gcc', ['-O1', '-static', '-o', join(share, 'client'), source], { encoding: 'utf8' });
  if (gcc.status !== 0) throw new Error(`gcc: ${gcc.stderr}`);
  for (const [file, owner] of [
    ['own', targetUid],
    ['secret', 0],
  ] as const) {
    writeFileSync(join(share, file), `contents of ${file}\n`);
    chownSync(join(share, file), owner, owner);
    chmodSync(join(share, file), 0o600);
  }
  return share;
}

function writeBrokerBundle(host: LabHost, target: Container, share: string): string {
  const words = ['--form', 'broker', '--share', 'data=/share', '--source', `data=${share}`];
  return writeSidecarBundle(host, target, name, [...words, '--socket', '/sock/broker.sock']);
}

describeWhen(missingLabParts(needed), 'a sidecar that crun runs, as rendered', () => {
  test('serves the container beside it, and nobody of its own', { timeout: timeoutMs }, async () => {
    const host = await openLabHost();
    let sidecar: Child | undefined;
    const crun = crunCommand(host);
    try {
      const share = makeShare(host);
      const args = ['/bin/busybox', 'sleep', '600'];
      const target = await startContainer({ runtime: 'crun', host, args, shareDirectory: share });
      const bundle = writeBrokerBundle(host, target, share);
      const pidFile = join(bundle, 'pid');
      const child = startChild(...crun('run', '--bundle', bundle, '--pid-file', pidFile, name));
      sidecar = child;
      await until(() => child.stdout.includes('ready /sock/broker.sock'), 'the broker', 30_000).catch(() => {
        throw new Error(child.stderr.join('\n'));
      });
      const files = ['/share/own', '/share/secret'];
      const served = await target.exec(['/share/client', '/sock/broker.sock', '/share', ...files]);
      expect(served.stderr).toEqual([]);
      expect(served.stdout[0]).toMatch(/: contents of own$/);
      expect(served.stdout[1]).toMatch(/: Permission denied$/);
      // An intruder in the sidecar has the target's user, and is told so.
      const intruder = ['/share/client', '/sock/broker.sock', '/share', '/share/own'];
      const asTarget = ['exec', '--user', `${targetUid}:${targetGid}`];
      const turnedAway = await runChild(...crun(...asTarget, name, ...intruder), 20_000);
      expect(turnedAway.stderr.join('\n')).toContain("it is in the broker's own cgroup");
      const status = readFileSync(`/proc/${readFileSync(pidFile, 'utf8')}/status`, 'latin1');
      for (const set of ['Prm', 'Eff', 'Bnd'])
        expect(status).toMatch(new RegExp(`^Cap${set}:\\s*0{15}4$`, 'm'));
      expect(status).toMatch(/^Uid:\s*107\s+107\s+107\s+107$/m);
      const killed = await runChild(...crun('kill', name, 'TERM'), 20_000);
      expect(killed.code).toBe(0);
      expect(await child.exited).toMatchObject({ code: 0 });
      const state = join(host.directory, 'sidecar-state', 'deputy');
      const words = [deputyCommand(), 'events', '--state', state, '--json'];
      const events = spawnSync(process.execPath, words, { encoding: 'utf8' }).stdout;
      expect(events).toContain('"rootFileSystem":"read-only"');
      expect(events.match(/"type":"request\.answered"/g)).toHaveLength(3);
      expect(events.match(/"type":"request\.refused"/g)).toHaveLength(1);
      await target.delete();
    } finally {
      await runChild(...crun('delete', '--force', name), 20_000);
      sidecar?.process.kill('SIGKILL');
      await host.close();
    }
  });
});
