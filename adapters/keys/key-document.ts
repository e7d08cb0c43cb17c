import { createHash } from 'node:crypto';
import { z } from 'zod';
import { keyIdText, keyLimit, parseKeyId, type SealKey, type SealKeySet, secretBytes } from './seal-key.js';

/** What a file of keys is for: its form is the same. */
export type DocumentKind = 'deputy seal keys' | 'deputy exported seal keys';

const idSchema = z.string().refine((text) => parseKeyId(text) !== undefined, 'no key id');
const timeSchema = z.iso.datetime({ precision: 3 });
const keySchema = z.strictObject({
  id: idSchema,
  secret: z.string().refine(isSecret, 'no secret of 32 bytes'),
  createdAt: timeSchema,
  retireAt: timeSchema.optional(),
  origin: z.enum(['made', 'imported']),
});
const documentSchema = z.strictObject({
  kind: z.enum(['deputy seal keys', 'deputy exported seal keys']),
  warning: z.string(),
  version: z.literal(1),
  current: idSchema,
  keys: z.array(keySchema).min(1).max(keyLimit),
  checksum: z.string(),
});

const warning = 'SECRET: whoever has this file can make handles that every agent with these keys opens.';

/** The text of a file of keys. Its checksum tells a damaged file, and protects against nothing else. */
export function formatKeys(kind: DocumentKind, { current, keys }: SealKeySet): string {
  const body = {
    kind,
    warning,
    version: 1,
    current: keyIdText(current),
    keys: keys.map(({ id, secret, createdAtMs, retireAtMs, origin }) => ({
      id: keyIdText(id),
      secret,
      createdAt: new Date(createdAtMs).toISOString(),
      ...(retireAtMs === undefined ? {} : { retireAt: new Date(retireAtMs).toISOString() }),
      origin,
    })),
  };
  return `${JSON.stringify({ ...body, checksum: checksumOf(body) }, null, 2)}\n`;
}

/** Reads such a text. Throws an Error that says what is wrong; no secret is ever part of it. */
export function parseKeys(kind: DocumentKind, text: string): SealKeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`it is no file of keys: ${issue?.path.join('.') || '(all)'}: ${issue?.code ?? 'wrong'}`);
  }
  const { checksum, ...body } = parsed.data;
  if (body.kind !== kind) throw new Error(`it is a file of '${body.kind}', not of '${kind}'`);
  if (checksum !== checksumOf(body)) throw new Error('its checksum is wrong: it was changed or cut');
  const keys = body.keys.map(
    ({ id, secret, createdAt, retireAt, origin }): SealKey => ({
      id: parseKeyId(id) as number,
      secret,
      createdAtMs: Date.parse(createdAt),
      ...(retireAt === undefined ? {} : { retireAtMs: Date.parse(retireAt) }),
      origin,
    }),
  );
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error('an id is there twice');
  const current = parseKeyId(body.current) as number;
  if (!keys.some(({ id }) => id === current)) throw new Error('its current key is not in it');
  return { current, keys };
}

function isSecret(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === secretBytes && bytes.toString('base64') === text;
}

function checksumOf(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}
