import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { escapeText } from '../../core/events/escape-text.js';
import { streamName } from '../../core/events/subject.js';
import type { Counts } from '../../core/events/vocabulary.js';
import { Overview, type OverviewView } from '../../core/projections/overview.js';
import { type NatsFlags, natsSettings } from './nats-options.js';
import { exitCode, print, printJson } from './output.js';

export interface OverviewFlags extends NatsFlags {
  readonly state: string;
  readonly node?: string;
  readonly stream?: string;
  readonly kv?: string;
  readonly json?: boolean;
}

/** Prints what a stream says, put together. The exit code is 1 where its beginning is gone. */
export async function showOverview(flags: OverviewFlags, nats: string): Promise<void> {
  const { readEvents, keepOverview, serverUrl } = await import('../nats/index.js');
  const settings = { ...natsSettings(flags), url: serverUrl(nats, resolve(flags.state)) };
  const stream = flags.stream ?? streamName(flags.node ?? hostname());
  const overview = new Overview();
  for await (const { event, sequence } of readEvents({ ...settings, stream }))
    overview.apply(event, sequence);
  const view = overview.view();
  if (flags.kv !== undefined) await keepOverview(settings, flags.kv, view);
  if (flags.json) printJson(view);
  else printOverview(view);
  if (view.incompleteSince !== undefined) process.exitCode = exitCode.failed;
}

function printOverview({ live, tenants, lastErrors, incompleteSince, sequence }: OverviewView): void {
  print(`up to sequence ${sequence}`);
  if (incompleteSince !== undefined) print(`incomplete since ${incompleteSince}`);
  print('');
  print(`DELEGATION                            TENANT            STATE         ${countTitles}`);
  for (const { delegationId, tenant, name, counts } of live) {
    const words = [(delegationId ?? '').padEnd(38), short(tenant ?? '', 18), name.padEnd(14)];
    print(`${words.join('')}${countWords(counts)}`);
  }
  print('');
  print(`TENANT                  LIVE  ENDED  ${countTitles}`);
  for (const [tenant, { live: count, ended, counts }] of Object.entries(tenants)) {
    print(`${short(tenant, 22)}${`${count}`.padStart(6)}${`${ended}`.padStart(7)}  ${countWords(counts)}`);
  }
  for (const { time, tenant, code, message } of lastErrors) {
    print(`${time}  ${short(tenant, 18)}${code}: ${escapeText(message, 200)}`);
  }
}

const countTitles = 'ANSWERED  REFUSED  CANCELLED  LOST';

function countWords({ answered, refused, cancelled, lost }: Counts): string {
  return [answered, refused, cancelled, lost]
    .map((count, column) => `${count}`.padStart([8, 9, 11, 6][column] ?? 8))
    .join('');
}

function short(text: string, columns: number): string {
  return escapeText(text, columns - 2).padEnd(columns);
}
