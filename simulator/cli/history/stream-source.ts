import type { Command } from 'commander';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import { escapeText } from '../../../core/events/escape-text.js';
import type { DeputyEvent } from '../../../core/events/event.js';
import { validateEvent } from '../../../core/events/validate-event.js';
import { historyLimits } from '../../history/limits.js';
import type { History } from '../../history/read-history.js';
import { shellWord } from '../reproduce.js';

/** What the command line says of a stream. */
export interface StreamFlags {
  readonly nats?: string;
  readonly stream?: string;
  readonly natsCreds?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

/** A stream on a server, and how that is reached. */
export interface StreamSource {
  readonly url: string;
  readonly stream: string;
  readonly creds?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Options of a stream as a history; `streamSource` makes sense of them. */
export function addStreamOptions(command: Command): void {
  command
    .option('--nats <url>', 'a history on a NATS server; beside --state: its events')
    .option('--stream <name>', 'with --nats: the stream; an agent writes deputy-NODE')
    .option('--nats-creds <file>', 'a credentials file (also NATS_CREDS)')
    .option('--nats-ca <file>', 'the certificate authority of the server, PEM (also NATS_CA)')
    .option('--nats-cert <file>', "this client's certificate, PEM (also NATS_CERT)")
    .option('--nats-key <file>', "the certificate's key, PEM (also NATS_KEY)");
}

export const streamHelp = `
A stream alone (--nats, --stream) has events and no journal: they are put through the delegations'
machine again, and each has to be there once, in order, without a gap. With --state the calls themselves
are made again.
User, password and token are taken from NATS_USER, NATS_PASSWORD and NATS_TOKEN.`;

/** The stream that is asked for, if one is. Errors: DEPUTY_E_USAGE. */
export function streamSource(flags: StreamFlags): StreamSource | undefined {
  const { nats: url, stream, natsCreds: creds, natsCa: ca, natsCert: cert, natsKey: key } = flags;
  if (url === undefined && stream === undefined) return undefined;
  if (url === undefined || stream === undefined || stream === '') {
    throw deputyError('DEPUTY_E_USAGE', { detail: '--nats and --stream go together' });
  }
  const given = Object.entries({ creds, ca, cert, key }).filter(([, value]) => value !== undefined);
  return { url, stream, ...Object.fromEntries(given) };
}

/** The options again, for a command that does the same; secrets in a URL are left out. */
export function streamWords({ url, stream }: StreamSource): string[] {
  return ['--nats', shellWord(url.replace(/\/\/[^@/]*@/g, '//')), '--stream', shellWord(stream)];
}

/**
 * The events of a stream up to its present end, each valid. Errors: DEPUTY_E_NATS_UNAVAILABLE,
 * DEPUTY_E_NATS_REFUSED, DEPUTY_E_STREAM_MISSING, DEPUTY_E_HISTORY_UNREADABLE.
 */
export async function* readStream(
  source: StreamSource,
): AsyncGenerator<{ readonly event: DeputyEvent; readonly sequence: number }> {
  // Only whoever asks for a stream needs the client.
  const { readEvents } = await import('../../../adapters/nats/index.js');
  try {
    for await (const { event, sequence } of readEvents(source)) {
      yield { event: checked(event, sequence), sequence };
    }
  } catch (error) {
    if (!isDeputyError(error, 'DEPUTY_E_EVENT_INVALID')) throw error;
    throw unreadable(`${source.stream} has what is no event of deputy: ${error.message}`, error);
  }
}

/** A journal with the events that a stream has of its delegations. Errors: as `readStream`, and a limit. */
export async function withStream(history: History, source: StreamSource): Promise<History> {
  const own = new Set<string>();
  for (const { payload } of history.words) {
    if (payload.kind === 'listener') own.add(payload.identity.delegationId);
    else if (payload.kind === 'draft') own.add(payload.draft.delegationId);
  }
  const events: DeputyEvent[] = [];
  for await (const { event } of readStream(source)) {
    if (!own.has(event.delegationId)) continue;
    if (events.length >= historyLimits.events) {
      const what = 'events of one history';
      throw deputyError('DEPUTY_E_LIMIT_REACHED', { what, limit: historyLimits.events });
    }
    events.push(event);
  }
  if (events.length === 0) {
    throw unreadable(`${source.stream} has no events of the delegations that the journal has`);
  }
  return { ...history, events };
}

function checked(event: DeputyEvent, sequence: number): DeputyEvent {
  try {
    return validateEvent(event);
  } catch (error) {
    if (!isDeputyError(error)) throw error;
    throw unreadable(`the message at sequence ${sequence} is none of deputy's: ${error.message}`, error);
  }
}

function unreadable(detail: string, cause?: unknown) {
  return deputyError('DEPUTY_E_HISTORY_UNREADABLE', { detail: escapeText(detail, 1_000) }, cause);
}
