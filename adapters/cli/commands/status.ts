import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DelegationStatus } from '../../../core/engine/delegation.js';
import { escapeText } from '../../../core/events/escape-text.js';
import { defaultStateDirectory } from '../agent-parts.js';
import { askAgent } from '../ask-agent.js';
import { addNatsOptions } from '../nats-options.js';
import { print, printJson } from '../output.js';
import { type OverviewFlags, showOverview } from '../show-overview.js';

interface Status {
  readonly version: string;
  readonly epoch: number;
  readonly listeners: number;
  readonly eventStore?: keyof typeof storeLines | 'open';
  readonly stream?: { readonly name: string; readonly sequence: number; readonly servers: string };
  readonly processes: readonly { pid: number; role: string; state: string }[];
  readonly targets: readonly DelegationStatus[];
}

const storeLines = {
  unavailable: 'the event store is not open: events wait in the journal',
  away: 'the NATS server is away: events wait in the journal',
  full: 'the stream is full: events wait in the journal',
  fenced: 'another writer has the stream: events wait in the journal, and somebody has to look at it',
  behind: 'the stream lost events that it had: what the journal has of them is published again',
} as const;

interface StatusFlags extends OverviewFlags {
  readonly state: string;
}

/** Adds `deputy status` to the program. */
export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description('what a running agent does: its processes, targets and counts')
    .option('--state <directory>', "the agent's state directory", defaultStateDirectory)
    .option('--json', 'print JSON')
    .option('--node <name>', 'with --nats: the node; default is the host name')
    .option('--stream <name>', 'with --nats: an aggregate of several nodes')
    .option('--kv <bucket>', 'with --nats: keep it in this key-value bucket, for others');
  addNatsOptions(command, 'put it together from the events of a stream, without an agent', false);
  command.action(async (flags: StatusFlags) => {
    if (flags.nats !== undefined) return showOverview(flags, flags.nats);
    const status = (await askAgent(resolve(flags.state), 'status')) as Status;
    if (flags.json) printJson(status);
    else printStatus(status);
  });
}

function printStatus(status: Status): void {
  print(`deputy ${status.version}, epoch ${status.epoch}, ${status.listeners} listeners`);
  const { eventStore = 'open', stream } = status;
  if (stream !== undefined) {
    const name = `stream ${stream.name} at ${stream.servers}, sequence ${stream.sequence}`;
    print(`${name}: ${eventStore}`);
  }
  if (eventStore !== 'open') print(storeLines[eventStore]);
  print('');
  print('PROCESS     PID      STATE');
  for (const { role, pid, state } of status.processes) {
    print(`${role.padEnd(12)}${String(pid).padEnd(9)}${state}`);
  }
  print('');
  if (status.targets.length === 0) {
    print('no targets');
    return;
  }
  print('CONTAINER                 STATE         STRATEGY        ANSWERED  REFUSED  CANCELLED  LOST');
  for (const { containerId, state, strategy, counts, degraded } of status.targets) {
    const name = escapeText(containerId, 24).padEnd(26);
    const { answered, refused, cancelled, lost } = counts;
    const numbers = [answered, refused, cancelled, lost].map((count, column) =>
      String(count).padStart([8, 9, 11, 6][column] ?? 8),
    );
    print(`${name}${state.padEnd(14)}${strategy.padEnd(16)}${numbers.join('')}`);
    if (degraded !== undefined) print(`  degraded: ${degraded}`);
  }
}
