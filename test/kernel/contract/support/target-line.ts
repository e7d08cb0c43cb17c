import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** A helper that is killed under it may have to start again, on a machine with other work. */
const answerTimeoutMs = 25_000;

/** What the target's program says when it is asked, over a socket on which it came to us. */
export class TargetLine {
  private readonly server: Server;
  private socket: Socket | undefined;
  private waiting: ((line: string) => void) | undefined;
  private rest = '';
  private isOver = false;
  private come: () => void = () => undefined;
  /** Resolves when the program has come. */
  readonly here = new Promise<void>((resolve) => {
    this.come = resolve;
  });

  private constructor(path: string, listening: () => void) {
    this.server = createServer((socket) => this.take(socket));
    this.server.listen(path, () => {
      chmodSync(path, 0o666);
      listening();
    });
  }

  static open(path: string): Promise<TargetLine> {
    return new Promise((resolve) => {
      const line: TargetLine = new TargetLine(path, () => resolve(line));
    });
  }

  /** Its answer; that it has ended is one, too. */
  ask(question: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.isOver) return resolve('the target has ended');
      const late = setTimeout(() => reject(new Error(`no answer in time: ${question}`)), answerTimeoutMs);
      this.waiting = (line) => {
        clearTimeout(late);
        resolve(line);
      };
      this.socket?.write(`${question}\n`);
    });
  }

  close(): void {
    this.socket?.destroy();
    this.server.close();
  }

  private take(socket: Socket): void {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.hear(text));
    // One that is killed may leave a question unread.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.isOver = true;
      this.answer('the target has ended');
    });
    this.come();
  }

  private hear(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.answer(line);
  }

  private answer(line: string): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.(line);
  }
}
