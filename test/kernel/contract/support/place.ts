import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileTarget } from '../../support/compile.js';
import { makeShare, targetId } from '../../support/share.js';

function must(program: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** A file system with a share that is a mount, a file beside it, and folders for state and sockets. */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'deputy-suite-'));
  readonly share: string;
  readonly stateDirectory = join(this.directory, 'own', 'state');
  readonly policyPath = join(this.directory, 'policy.json');
  readonly socketPath = join(this.directory, 'target.sock');
  readonly brokerPath = join(this.directory, 'own', 'broker.sock');

  constructor() {
    chmodSync(this.directory, 0o755);
    const own = join(this.directory, 'own');
    mkdirSync(own);
    chownSync(own, targetId, targetId);
    const volume = join(this.directory, 'volume');
    mkdirSync(volume);
    must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'suite', volume);
    this.share = makeShare(volume).share;
    writeFileSync(join(this.share, '..', 'outside'), 'contents of outside');
    writeFileSync(join(this.share, 'gone'), 'contents of gone');
    must('mount', '--bind', this.share, this.share);
  }

  writePolicy(fields: object): void {
    writeFileSync(this.policyPath, JSON.stringify({ version: 1, defaults: fields }));
  }

  /** The kernel's own handle of a file, as 'TYPE HEX'. */
  rawHandle(name: string): string {
    return must(compileTarget('handle-client'), 'encode', join(this.share, name)).trim();
  }

  remove(): void {
    for (const at of [this.share, join(this.directory, 'volume')]) spawnSync('umount', ['-l', at]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
