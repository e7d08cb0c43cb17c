import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { streamName } from '../../../core/events/subject.js';
import { openFileEventStore } from '../../event-store/index.js';
import { defaultStateDirectory } from '../agent-parts.js';
import { eventLine } from '../event-line.js';
import {
  addNatsOptions,
  addStreamOptions,
  type NatsFlags,
  natsSettings,
  natsStore,
  type StreamFlags,
} from '../nats-options.js';
import { print } from '../output.js';
import { positiveInteger, wholeNumber } from './agent.js';

interface AggregateFlags extends StreamFlags {
  readonly nodes: readonly string[];
  readonly name: string;
  readonly update?: boolean;
}

interface EventFlags extends NatsFlags {
  readonly state: string;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly type?: string;
  readonly tenant?: string;
  readonly node?: string;
  readonly stream?: string;
}

/** Adds `deputy events` to the program. */
export function addEventsCommand(program: Command): void {
  const command = program
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
    .option('--node <name>', 'with --nats: the node; default is the host name')
    .option('--stream <name>', 'with --nats: an aggregate of several nodes');
  addNatsOptions(command, "from the stream there; 'embedded': the one of the agent's own server", false);
  command.action((flags: EventFlags) =>
    flags.nats === undefined ? showEvents(flags) : showStream(flags, flags.nats),
  );
  addAggregateCommand(command);
}

function addAggregateCommand(events: Command): void {
  const command = events
    .command('aggregate')
    .description("make one stream of several nodes' streams, for consumers; nobody can publish to it")
    .requiredOption('--nodes <names>', 'the nodes, separated by commas', (text: string) => text.split(','))
    .option('--name <stream>', "the aggregate's name", 'deputy-all')
    .option('--update', 'change the nodes of one that is there');
  addStreamOptions(addNatsOptions(command, 'the server'), positiveInteger, wholeNumber);
  command.action(async (own: AggregateFlags) => {
    // `events` has options of the same names, and takes them wherever they stand.
    const flags = { ...own, ...events.opts<NatsFlags>() };
    const store = natsStore(flags);
    if (store === undefined) throw deputyError('DEPUTY_E_USAGE', { detail: '--nats is needed' });
    const { nodes, name, update = false } = flags;
    const { makeAggregate } = await import('../../nats/index.js');
    await makeAggregate({ ...store, nodes, name, update });
    print(`${name}: ${nodes.join(', ')}`);
  });
}

async function showStream(flags: EventFlags, nats: string): Promise<void> {
  const { readEvents, serverUrl } = await import('../../nats/index.js');
  const { tenant, type, follow = false } = flags;
  const stop = stopper();
  const events = readEvents({
    ...natsSettings(flags),
    url: serverUrl(nats, resolve(flags.state)),
    stream: flags.stream ?? streamName(flags.node ?? hostname()),
    filter: { tenant, type },
    follow,
    signal: stop.signal,
  });
  for await (const { event } of events) {
    if (stop.signal.aborted) break;
    print(flags.json ? JSON.stringify(event) : eventLine(event));
  }
}

function stopper(): AbortController {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  // A reader that goes away (head, say) ends the stream; that is no failure.
  process.stdout.on('error', () => process.exit(0));
  return stop;
}

async function showEvents(flags: EventFlags): Promise<void> {
  const directory = join(resolve(flags.state), 'events');
  if (!existsSync(directory)) throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path: directory });
  const store = await openFileEventStore({ directory, readOnly: true });
  const stop = stopper();
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
