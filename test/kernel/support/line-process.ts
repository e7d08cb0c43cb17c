import { type ChildProcess, spawn } from 'node:child_process';

const answerTimeoutMs = 20_000;

/** A program that answers each line of its stdin with one line. */
export class LineProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | string>;
  private readonly lines: string[] = [];
  private readonly waiting: ((line: string | undefined) => void)[] = [];
  private rest = '';
  private hasEnded = false;

  constructor(program: string, words: readonly string[] = [], directory?: string) {
    this.child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(directory === undefined ? {} : { cwd: directory }),
    });
    this.child.stdin?.on('error', () => undefined);
    this.child.stdout?.on('data', (chunk: Buffer) => this.take(chunk.toString('utf8')));
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    // Its last line may be read after it has exited.
    this.child.once('close', () => {
      this.hasEnded = true;
      for (const resolve of this.waiting.splice(0)) resolve(undefined);
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Sends a line and waits for the answer. */
  ask(line: string): Promise<string> {
    this.send(line);
    return this.next(line);
  }

  /** Sends a line that gets no answer. */
  send(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** The next line that the program prints. */
  async next(question = 'a line', timeoutMs = answerTimeoutMs): Promise<string> {
    const line = this.lines.shift();
    if (line !== undefined) return line;
    if (this.hasEnded) throw new Error(`the program ended before it was asked: ${question}`);
    const answer = new Promise<string | undefined>((resolve) => {
      this.waiting.push(resolve);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in time: ${question}`)), timeoutMs);
    });
    const text = await Promise.race([answer, late]);
    clearTimeout(timer);
    if (text === undefined) throw new Error(`the program ended before it answered: ${question}`);
    return text;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal);
  }

  /** Closes its stdin and waits for its end. */
  async end(): Promise<number | string> {
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }

  private take(text: string): void {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop() ?? '';
    for (const line of parts) {
      const resolve = this.waiting.shift();
      if (resolve !== undefined) resolve(line);
      else this.lines.push(line);
    }
  }
}
