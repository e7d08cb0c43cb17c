import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** uid and gid of targets in tests; nobody in particular. */
export const targetId = 107;

/** A folder with files of every type and several owners, for targets of uid 107. Made anew for each run. */
export function makeShare(parent = tmpdir()): { directory: string; share: string } {
  const directory = mkdtempSync(join(parent, 'deputy-share-'));
  const script = `
    set -e
    chmod 755 . && mkdir share && cd share
    for name in own public secret group readonly; do printf 'contents of %s' $name > $name; done
    chown ${targetId}:${targetId} own && chmod 644 public && chmod 600 secret
    chown 0:${targetId} group && chmod 640 group
    chown ${targetId}:${targetId} readonly && chmod 400 readonly
    mkdir folder closed && touch folder/inner closed/inner && chmod 700 closed
    ln -s own link && ln -s nowhere dangling && ln -s /etc/passwd abslink && ln -s ../share/own uplink
    ln -s folder folderlink && ln -s loop loop
    mkfifo fifo && mknod null c 1 3 && mknod block b 7 0 && chmod 666 fifo null block
    perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0); bind($s, pack_sockaddr_un("socket"))'
    chown ${targetId}:${targetId} . fifo socket
  `;
  const result = spawnSync('sh', ['-c', script], { cwd: directory, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`the share could not be made: ${result.stderr}`);
  return { directory, share: join(directory, 'share') };
}

/**
 * Runs a program as the target's user with CAP_DAC_READ_SEARCH and nothing else: what deputy is compared
 * with.
 */
export function runNatively(program: string, words: readonly string[]): string {
  const id = `${targetId}`;
  const caps = ['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search'];
  const options = [
    `--reuid=${id}`,
    `--regid=${id}`,
    '--clear-groups',
    ...caps,
    '--bounding-set=-all,+dac_read_search',
  ];
  const result = spawnSync('setpriv', [...options, program, ...words], { encoding: 'utf8', timeout: 60_000 });
  if (result.status !== 0) throw new Error(`natively: ${result.status} ${result.stderr}`);
  return result.stdout;
}
