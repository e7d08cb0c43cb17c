import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openJetStreamStore } from '../../adapters/nats/index.js';
import type { NatsSettings } from '../../adapters/nats/settings.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen, isLong } from '../support/describe-when.js';
import { batchOf, writer } from './support/stream.js';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const refused = { code: 'DEPUTY_E_NATS_REFUSED' };

/** Opens a node's stream, and has one event stored in it. */
async function use(settings: NatsSettings): Promise<void> {
  const store = await openJetStreamStore({ ...settings, node: 'n', writer });
  try {
    await store.appendBatch(batchOf('one', 1, 1));
  } finally {
    await store.close();
  }
}

/** A certificate authority, and certificates of it for 127.0.0.1 and a client: PEM files in a folder. */
function makeCertificates(directory: string): (name: string) => string {
  const at = (name: string): string => join(directory, name);
  const openssl = (...words: string[]): void => {
    const { status, stderr } = spawnSync('openssl', words, { cwd: directory, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const authority of ['ca', 'stranger']) {
    const files = ['-keyout', `${authority}.key`, '-out', `${authority}.pem`];
    openssl('req', '-x509', ...newKey, ...files, '-days', '2', '-subj', `/CN=${authority}`);
  }
  for (const name of ['server', 'client']) {
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', '2', '-out', `${name}.pem`);
  }
  return at;
}

/** A claim of one key about another, as operators and accounts sign them. */
function signed(by: KeyPair, about: KeyPair, name: string, nats: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(Date.now() / 1_000);
  const claims = { jti: name, iat, iss: by.getPublicKey(), name, sub: about.getPublicKey(), nats };
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString('base64url')}`;
}

/** A server's configuration for an operator with one account, and a credentials file of a user of it. */
function makeOperator(): { configuration: string; credentials: (isKnown: boolean) => string } {
  const operator = nkeys.createOperator();
  const system = nkeys.createAccount();
  const account = nkeys.createAccount();
  const all = {
    subs: -1,
    data: -1,
    payload: -1,
    imports: -1,
    exports: -1,
    wildcards: true,
    conn: -1,
    leaf: -1,
  };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const about = (limits: object): object => ({ limits, type: 'account', version: 2 });
  const preload = [
    `${system.getPublicKey()}: ${signed(operator, system, 'system', about(all))}`,
    `${account.getPublicKey()}: ${signed(operator, account, 'deputy', about({ ...all, ...storage }))}`,
  ];
  const itself = { type: 'operator', version: 2, system_account: system.getPublicKey() };
  const configuration = [
    `operator: ${signed(operator, operator, 'operator', itself)}`,
    `system_account: ${system.getPublicKey()}`,
    'resolver: MEMORY',
    `resolver_preload: { ${preload.join('\n')} }`,
  ].join('\n');
  const credentials = (isKnown: boolean): string => {
    const user = nkeys.createUser();
    const limits = { subs: -1, data: -1, payload: -1, type: 'user', version: 2 };
    const claim = signed(isKnown ? account : nkeys.createAccount(), user, 'agent', limits);
    const seed = Buffer.from(user.getSeed()).toString();
    const block = (kind: string, text: string): string =>
      `-----BEGIN ${kind}-----\n${text}\n------END ${kind}------\n`;
    return `${block('NATS USER JWT', claim)}\n${block('USER NKEY SEED', seed)}`;
  };
  return { configuration, credentials };
}

describeWhen(missingForNats(), 'how a server knows whom it has', () => {
  let directory = '';
  let at: (name: string) => string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-nats-keys-'));
    at = makeCertificates(directory);
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  test('TLS: with its authority, and with a certificate of its own where one is asked for', async () => {
    const files = `cert_file: "${at('server.pem')}", key_file: "${at('server.key')}"`;
    const configuration = `tls { ${files}, ca_file: "${at('ca.pem')}", verify: true }`;
    const server = await LabNatsServer.start({ configuration });
    try {
      const url = `tls://127.0.0.1:${server.port}`;
      const own = { cert: at('client.pem'), key: at('client.key') };
      await use({ url, ca: at('ca.pem'), ...own });
      // Not the server's authority; and a file that is not there.
      await expect(use({ url, ca: at('stranger.pem'), ...own })).rejects.toMatchObject(refused);
      await expect(use({ url, ca: at('nothing.pem'), ...own })).rejects.toMatchObject(refused);
      // The client is not told why, and waits for as long as it may.
      if (isLong) {
        const unavailable = { code: 'DEPUTY_E_NATS_UNAVAILABLE' };
        await expect(use({ url, ca: at('ca.pem') })).rejects.toMatchObject(unavailable);
      }
    } finally {
      await server.remove();
    }
  });

  test('a credentials file: of an account that the server knows, and of another one', async () => {
    const { configuration, credentials } = makeOperator();
    writeFileSync(at('known.creds'), credentials(true), { mode: 0o600 });
    writeFileSync(at('unknown.creds'), credentials(false), { mode: 0o600 });
    const server = await LabNatsServer.start({ configuration });
    try {
      await use({ url: server.url, creds: at('known.creds') });
      await expect(use({ url: server.url, creds: at('unknown.creds') })).rejects.toMatchObject(refused);
      await expect(use({ url: server.url, creds: at('nothing.creds') })).rejects.toMatchObject(refused);
      await expect(use({ url: server.url })).rejects.toMatchObject(refused);
    } finally {
      await server.remove();
    }
  });
});
