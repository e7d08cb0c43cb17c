import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { openFileEventStore } from '../../event-store/index.js';
import { defaultStateDirectory } from '../agent-parts.js';
import { eventLine } from '../event-line.js';
import { print } from '../output.js';

interface EventFlags {
  readonly state: string;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly type?: string;
  readonly tenant?: string;
}

/** Adds `deputy events` to the program. */
export function addEventsCommand(program: Command): void {
  program
    .command('events')
    .description('print what happened, from the event store')
    .option('--state <directory>', "the agent's state directory", defaultStateDirectory)
    .option('--follow', 'go on as events come, until interrupted')
    .option('--json', 'one JSON object a line')
    .option(
      '--type <type>',
      "only this type, such as request.refused; 'delegation' or 'request' for all of a kind",
    )
    .option('--tenant <tenant>', "only this tenant's")
    .action((flags: EventFlags) => showEvents(flags));
}

async function showEvents(flags: EventFlags): Promise<void> {
  const directory = join(resolve(flags.state), 'events');
  if (!existsSync(directory)) throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path: directory });
  const store = await openFileEventStore({ directory, readOnly: true });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  // A reader that goes away (head, say) ends the stream; that is no failure.
  process.stdout.on('error', () => process.exit(0));
  const source = flags.follow ? store.subscribe({ fromPosition: 1, signal: stop.signal }) : store.readAll();
  for await (const { event } of source) {
    if (stop.signal.aborted) break;
    const kind = event.type.split('.', 1)[0];
    if (flags.type !== undefined && flags.type !== event.type && flags.type !== kind) continue;
    if (flags.tenant !== undefined && flags.tenant !== event.tenant) continue;
    print(flags.json ? JSON.stringify(event) : eventLine(event));
  }
  await store.close();
}
