import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { DeputyEvent } from '../../core/events/event.js';
import { deputyCommand } from './agent-process.js';

/** Follows an agent's events by `deputy events --follow --json`, as a user would. */
export class EventFeed {
  readonly events: DeputyEvent[] = [];
  private readonly child;
  private waiters: { matches: (event: DeputyEvent) => boolean; resolve: () => void }[] = [];

  constructor(stateDirectory: string, onEvent: (event: DeputyEvent) => void = () => {}) {
    const words = [deputyCommand(), 'events', '--follow', '--json', '--state', stateDirectory];
    this.child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    process.once('exit', () => this.child.kill('SIGKILL'));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as DeputyEvent;
      this.events.push(event);
      onEvent(event);
      for (const waiter of this.waiters.filter(({ matches }) => matches(event))) waiter.resolve();
    });
  }

  /** Resolves with true when such an event has come, with false when it hasn't within the time. */
  async waitFor(matches: (event: DeputyEvent) => boolean, timeoutMs: number): Promise<boolean> {
    if (this.events.some(matches)) return true;
    const came = new Promise<boolean>((resolve) => {
      this.waiters.push({ matches, resolve: () => resolve(true) });
    });
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), timeoutMs));
    return Promise.race([came, late]);
  }

  stop(): void {
    this.child.kill('SIGTERM');
    this.waiters = [];
  }
}
