/** How a NATS server is reached. Passwords and tokens come from the environment, never from here. */
export interface NatsSettings {
  /** URLs, comma-separated: nats://host:4222, tls://host:4222. */
  readonly url: string;
  /** A credentials file, as `nsc` writes it. */
  readonly creds?: string;
  /** Certificate authority, client certificate and its key: PEM files. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What a node's stream is like; made so if it isn't there, and compared if it is. */
export interface StreamSettings {
  readonly replicas?: number;
  /** Bytes at most. Default 1 GiB. */
  readonly maximumBytes?: number;
  /** Age of events at most; 0: any. Default 7 days. */
  readonly maximumAgeMs?: number;
  /** At the bounds: the eldest go (`old`, the default), or nothing more is taken (`new`). */
  readonly discard?: 'old' | 'new';
  /** How long the server itself remembers event ids. Default 2 minutes. */
  readonly duplicateWindowMs?: number;
}
