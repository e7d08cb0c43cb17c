import { type Command, Option } from 'commander';
import type { NatsStoreSettings } from '../host/open-published-store.js';
import type { NatsSettings } from '../nats/settings.js';

/** What the command line says of NATS. */
export interface NatsFlags {
  readonly nats?: string;
  readonly natsCreds?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

/** What it says of the stream of an agent. */
export interface StreamFlags extends NatsFlags {
  readonly natsReplicas?: string;
  readonly natsMaxBytes?: number;
  readonly natsMaxAgeMs?: number;
  readonly natsDiscard?: 'old' | 'new';
  readonly natsAdopt?: boolean;
}

/** The agent's own server, instead of a URL. */
export const embedded = 'embedded';

/** Options of everybody who connects. Passwords and tokens come from the URL or the environment. */
export function addNatsOptions(command: Command, description: string, isFromEnvironment = true): Command {
  const option = new Option('--nats <url>', description);
  return command
    .addOption(isFromEnvironment ? option.env('NATS_URL') : option)
    .option('--nats-creds <file>', 'a credentials file (also NATS_CREDS)')
    .option('--nats-ca <file>', 'the certificate authority of the server, PEM (also NATS_CA)')
    .option('--nats-cert <file>', "this client's certificate, PEM (also NATS_CERT)")
    .option('--nats-key <file>', "the certificate's key, PEM (also NATS_KEY)");
}

/** Options of those who write a stream. */
export function addStreamOptions(
  command: Command,
  positiveInteger: (text: string) => number,
  wholeNumber: (text: string) => number,
): Command {
  return command
    .addOption(new Option('--nats-replicas <n>', 'copies of the stream in a cluster').choices(['1', '3']))
    .option('--nats-max-bytes <n>', 'bytes of the stream at most; default 1 GiB', positiveInteger)
    .option('--nats-max-age-ms <n>', 'age of events at most, 0: any; default 7 days', wholeNumber)
    .addOption(
      new Option(
        '--nats-discard <which>',
        'at these bounds: the eldest go, or no new ones are taken',
      ).choices(['old', 'new']),
    );
}

/** The option of the one who writes a node's stream. */
export function addAdoptOption(command: Command): Command {
  const description = 'go on in a stream whose state directory was lost, or behind what another wrote';
  return command.option('--nats-adopt', description);
}

/** How to connect, if the command line says so. */
export function natsSettings(flags: NatsFlags): NatsSettings | undefined {
  const { nats, natsCreds, natsCa, natsCert, natsKey } = flags;
  if (nats === undefined) return undefined;
  return {
    url: nats,
    ...(natsCreds === undefined ? {} : { creds: natsCreds }),
    ...(natsCa === undefined ? {} : { ca: natsCa }),
    ...(natsCert === undefined ? {} : { cert: natsCert }),
    ...(natsKey === undefined ? {} : { key: natsKey }),
  };
}

/** Where events go, if not into files. */
export function natsStore(flags: StreamFlags): NatsStoreSettings | undefined {
  const settings = natsSettings(flags);
  if (settings === undefined) return undefined;
  const { natsReplicas, natsMaxBytes, natsMaxAgeMs, natsDiscard, natsAdopt } = flags;
  const stream = {
    ...(natsReplicas === undefined ? {} : { replicas: Number(natsReplicas) }),
    ...(natsMaxBytes === undefined ? {} : { maximumBytes: natsMaxBytes }),
    ...(natsMaxAgeMs === undefined ? {} : { maximumAgeMs: natsMaxAgeMs }),
    ...(natsDiscard === undefined ? {} : { discard: natsDiscard }),
  };
  return { ...settings, stream, ...(natsAdopt ? { adopt: true } : {}) };
}
