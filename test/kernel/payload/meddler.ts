import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compileTarget } from '../support/compile.js';
import type { DispatchTarget } from './dispatch-target.js';

/** Somebody in a target, without capabilities, who does what it is told: test/targets/meddle.c. */
export class Meddler {
  private readonly answers: AsyncIterator<string>;
  private readonly over: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    // It may end with its target, before it is told to.
    this.over = once(child, 'close');
    child.stdin?.on('error', () => undefined);
    this.answers = lines[Symbol.asyncIterator]();
  }

  static start(target: DispatchTarget, user: number): Meddler {
    const enter = ['--target', `${target.processId}`, '--mount', '--pid', '--'];
    const identity = ['--bounding-set', '-all', '--reuid', `${user}`, '--regid', `${user}`];
    const words = [...enter, 'setpriv', ...identity, '--clear-groups', compileTarget('meddle')];
    return new Meddler(spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** What came of it: 'NUMBER done', or an errno's name. */
  async told(line: string): Promise<string> {
    this.child.stdin?.write(`${line}\n`);
    const { value, done } = await this.answers.next();
    return done === true ? 'ended' : value;
  }

  async end(): Promise<void> {
    this.child.stdin?.end();
    await this.over;
  }
}
