import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from 'nats';
import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import type { NatsSettings } from './settings.js';

/** How long a server may take to answer at all. */
const connectTimeoutMs = 5_000;
/** How often a server that is away is looked for. */
const reconnectWaitMs = 250;
/** A dead peer is noticed after two of these. */
const pingIntervalMs = 10_000;

const refusals = new Set([
  'AUTHORIZATION_VIOLATION',
  'AUTHENTICATION_EXPIRED',
  'AUTHENTICATION_TIMEOUT',
  'ACCOUNT_EXPIRED',
  'BAD_AUTHENTICATION',
  'BAD_CREDS',
  'TLS',
]);

/**
 * Connects, and stays connected: when the server goes away it is looked for until the connection is closed.
 * Throws DEPUTY_E_NATS_UNAVAILABLE or DEPUTY_E_NATS_REFUSED.
 */
export async function connectNats(
  settings: NatsSettings,
  name: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<NatsConnection> {
  try {
    return await connect(connectionOptions(settings, name, environment));
  } catch (error) {
    throw natsError(settings, error);
  }
}

/** The coded error of something that the client says. */
export function natsError(settings: NatsSettings, error: unknown): DeputyError {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const details = { servers: serversText(settings), detail: escapeText(message || code, 300) };
  const isRefusal = refusals.has(code) || code === 'ENOENT' || /certificate|self.signed/i.test(message);
  return isRefusal
    ? deputyError('DEPUTY_E_NATS_REFUSED', details, error)
    : deputyError('DEPUTY_E_NATS_UNAVAILABLE', details, error);
}

/** The servers' URLs without the secrets that may stand in them. */
export function serversText({ url }: NatsSettings): string {
  return serversOf(url)
    .map((server) => server.replace(/\/\/[^@/]*@/, '//'))
    .join(', ');
}

function serversOf(url: string): string[] {
  return url
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
}

function connectionOptions(
  settings: NatsSettings,
  name: string,
  environment: NodeJS.ProcessEnv,
): ConnectionOptions {
  const servers = serversOf(settings.url);
  const creds = settings.creds ?? environment['NATS_CREDS'];
  return {
    name,
    servers: servers.map((server) => server.replace(/\/\/[^@/]*@/, '//')),
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    pingInterval: pingIntervalMs,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(creds)) }),
    ...loginOf(servers[0] ?? '', environment),
    ...tlsOf(settings, servers, environment),
  };
}

/** What stands in the URL counts before the environment's. */
function loginOf(server: string, environment: NodeJS.ProcessEnv): Partial<ConnectionOptions> {
  const [, inUrl] = /\/\/([^@/]*)@/.exec(server) ?? [];
  const [first = '', second] = (inUrl ?? '').split(':').map(decodeURIComponent);
  if (second !== undefined) return { user: first, pass: second };
  if (first !== '') return { token: first };
  const { NATS_USER: user, NATS_PASSWORD: pass, NATS_TOKEN: token } = environment;
  return {
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(token === undefined ? {} : { token }),
  };
}

function tlsOf(
  settings: NatsSettings,
  servers: readonly string[],
  environment: NodeJS.ProcessEnv,
): Partial<ConnectionOptions> {
  const caFile = settings.ca ?? environment['NATS_CA'];
  const certFile = settings.cert ?? environment['NATS_CERT'];
  const keyFile = settings.key ?? environment['NATS_KEY'];
  const files = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
  const isWanted = Object.keys(files).length > 0 || servers.some((server) => server.startsWith('tls://'));
  return isWanted ? { tls: files } : {};
}
