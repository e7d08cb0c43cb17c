import type { Duplex } from 'node:stream';
import { type LauncherMessage, lineLimitBytes } from './protocol.js';

/** The parent's end of the launcher's channel: one JSON message a line, in order. */
export class LineReader {
  private readonly messages: LauncherMessage[] = [];
  private rest = '';
  private ended = false;
  private wake: () => void = () => {};

  constructor(private readonly stream: Duplex) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.take(text));
    stream.on('end', () => this.end());
    stream.on('error', () => this.end());
    stream.on('close', () => this.end());
  }

  write(line: string): void {
    this.stream.write(`${line}\n`);
  }

  /** The next message, waited for; undefined at the end of the channel, and 'late' when the time is up. */
  async next(timeoutMs: number): Promise<LauncherMessage | undefined | 'late'> {
    if (this.messages.length === 0 && !this.ended) {
      const arrived = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      const timer = setTimeout(() => this.wake(), timeoutMs);
      await arrived;
      clearTimeout(timer);
    }
    const message = this.messages.shift();
    return message ?? (this.ended ? undefined : 'late');
  }

  close(): void {
    this.stream.destroy();
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.messages.push(JSON.parse(line) as LauncherMessage);
    if (this.rest.length > lineLimitBytes) this.close();
    if (lines.length > 0) this.wake();
  }

  private end(): void {
    this.ended = true;
    this.wake();
  }
}
