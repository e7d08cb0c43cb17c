import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { targetId } from './share.js';

function run(words: readonly string[], input = ''): void {
  const { status, stderr } = spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
}

/** An ext4 file system in a file, to be mounted as often as a host that was started anew would. */
export class Image {
  readonly directory = mkdtempSync(join(tmpdir(), 'deputy-image-'));
  private readonly file = join(this.directory, 'image');
  private readonly mounts: string[] = [];

  constructor() {
    chmodSync(this.directory, 0o755);
    run(['truncate', '-s', '16M', this.file]);
    run(['mkfs.ext4', '-q', '-O', '^has_journal', this.file]);
    const made = this.mount('first');
    const files = `cd "$1" && for name in own other; do printf 'contents of %s' $name > $name; done
      mkdir folder one two && touch one/inner two/inner && ln -s own link && mkfifo fifo
      chown -h ${targetId}:${targetId} . own other folder one two link fifo`;
    run(['sh', '-ec', files, 'sh', made]);
    this.unmount(made);
  }

  /** Where it is mounted: a folder of that name. */
  mount(name: string): string {
    const at = join(this.directory, name);
    mkdirSync(at, { recursive: true });
    run(['mount', '-o', 'loop', this.file, at]);
    this.mounts.push(at);
    return at;
  }

  /** A part of it, at a mount point of its own. */
  bind(source: string, name: string): string {
    const at = join(this.directory, name);
    mkdirSync(at, { recursive: true });
    run(['mount', '--bind', source, at]);
    this.mounts.push(at);
    return at;
  }

  unmount(at: string): void {
    run(['umount', at]);
    this.mounts.splice(this.mounts.indexOf(at), 1);
  }

  remove(): void {
    for (const at of this.mounts.splice(0).reverse()) run(['umount', '-l', at]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Why there can be none here. */
export function missingForImages(): readonly string[] {
  if (process.platform !== 'linux') return ['Linux'];
  if (process.getuid?.() !== 0) return ['root'];
  const there = spawnSync('sh', ['-c', 'command -v mkfs.ext4 && losetup -f'], { encoding: 'utf8' });
  return there.status === 0 ? [] : ['mkfs.ext4 and a loop device'];
}
