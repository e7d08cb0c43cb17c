import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeProgram } from '../../../../adapters/native/native-programs.js';
import { LineProcess } from '../../support/line-process.js';
import { targetId } from '../../support/share.js';

/** What starts a program as a container would: the target's user, nothing in any set. */
export const asContainer = [
  ...[`--reuid=${targetId}`, `--regid=${targetId}`, '--clear-groups'],
  ...['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'],
];

/** The words that run a program behind the wrapper, as the target's user. */
export function wrapped(socketPath: string, words: readonly string[]): [string, string[]] {
  return ['setpriv', [...asContainer, nativeProgram('deputy-wrap'), socketPath, '--', ...words]];
}

/** A directory for sockets that the target's user may write to. */
export function socketDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-wrap-'));
  chmodSync(directory, 0o755);
  const path = join(directory, 'sock');
  mkdirSync(path);
  chownSync(path, targetId, targetId);
  return path;
}

/** What test/targets/wrapped.c answers; errnos, 0 where there is none. */
export interface WrappedAnswer {
  readonly named: number;
  readonly opened: number;
  readonly bytes: number;
  readonly inode: number;
  readonly flags: number;
  readonly text: string;
}

/** test/targets/wrapped.c behind the wrapper. */
export class WrappedTarget {
  readonly process: LineProcess;

  /** `before`: put in front of the program, behind the wrapper. `around`: in front of all, as root. */
  constructor(
    program: string,
    socketPath: string,
    share: string,
    before: readonly string[] = [],
    around: readonly string[] = [],
  ) {
    const [setpriv, words] = wrapped(socketPath, [...before, program, share]);
    const [first = '', ...rest] = [...around, setpriv, ...words];
    this.process = new LineProcess(first, rest);
  }

  async started(): Promise<{ pid: number; children: number; descriptors: number }> {
    return JSON.parse(await this.process.next('the start'));
  }

  async open(name: string, flags = 0): Promise<WrappedAnswer> {
    return JSON.parse(await this.process.ask(`${name} ${flags.toString(8)}`));
  }
}
