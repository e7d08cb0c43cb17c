import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type Document, LineCounter, parseAllDocuments, type Tags } from 'yaml';
import { deputyError } from '../../core/errors/deputy-error.js';
import { invalidPod } from '../../core/pod-security/pod.js';

/** A manifest may have this many bytes at most: a cluster takes 3 MiB of an object, stores half of it. */
export const maximumManifestBytes = 4 * 1024 * 1024;

// A manifest has use for a few; aliases of aliases make a small file large ('billion laughs').
const maximumAliases = 100;

// A pod in a list of lists is some 25 deep; the rest is for what is skipped, custom resources say.
const maximumDepth = 100;

/**
 * Reads a manifest, YAML or JSON, from a file or from what `input` gives where the path is '-': a value for
 * each document. Throws DEPUTY_E_POD_UNREADABLE if it can't be read or is too large, and
 * DEPUTY_E_POD_INVALID for an error of syntax, with its line.
 */
export async function readManifest(
  path: string,
  input: AsyncIterable<Buffer | string> = process.stdin,
): Promise<unknown[]> {
  return path === '-'
    ? parseManifestText(await readInput(input), '(standard input)')
    : parseManifestText(readFile(path), path);
}

/**
 * Parses a manifest as kubectl does: YAML 1.1, in which `yes` is true; keys that are there twice, tags
 * of one's own, aliases without bound and nesting without end are errors (DEPUTY_E_POD_INVALID).
 */
export function parseManifestText(text: string, source = '(given as text)'): unknown[] {
  const lineCounter = new LineCounter();
  const documents = parse(text, lineCounter, source);
  const problems = documents.flatMap(({ errors, warnings }) =>
    [...errors, ...warnings].map(({ message, pos }) => {
      const { line, col } = lineCounter.linePos(pos[0]);
      return `line ${line}, column ${col}: ${message}`;
    }),
  );
  if (problems.length > 0) throw invalidPod(source, problems.slice(0, 20));
  return documents.map((document) => toPlain(document, source));
}

function parse(text: string, lineCounter: LineCounter, source: string): readonly Document[] {
  return guarded(source, () => {
    const options = { lineCounter, prettyErrors: false, uniqueKeys: true } as const;
    const documents = parseAllDocuments(text, { ...options, version: '1.1', customTags: asKubectl });
    return 'empty' in documents ? [] : documents;
  });
}

/** Go's parser leaves times and what YAML 1.1 has for sets and bytes as they are: text. */
function asKubectl(tags: Tags): Tags {
  const unknown = ['timestamp', 'binary', 'omap', 'pairs', 'set'];
  return tags.filter((tag) => {
    const { tag: name, format } = typeof tag === 'string' ? { tag, format: undefined } : tagName(tag);
    return format !== 'TIME' && !unknown.some((word) => name.endsWith(`:${word}`));
  });
}

function tagName(tag: Exclude<Tags[number], string>): { tag: string; format?: string | undefined } {
  return { tag: tag.tag, format: 'format' in tag ? tag.format : undefined };
}

function toPlain(document: Document, source: string): unknown {
  const value: unknown = guarded(source, () => document.toJS({ maxAliasCount: maximumAliases }));
  if (isDeeperThan(value, maximumDepth)) {
    throw invalidPod(source, [`nested more than ${maximumDepth} deep`]);
  }
  return value;
}

/** The parser calls itself for each level; what is nested so deep that the stack ends is no manifest. */
function guarded<Value>(source: string, action: () => Value): Value {
  try {
    return action();
  } catch (error) {
    const isStack = error instanceof RangeError;
    const detail = error instanceof Error ? error.message : String(error);
    throw invalidPod(source, [isStack ? 'nested too deep' : detail]);
  }
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}

async function readInput(input: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > maximumManifestBytes) throw tooLarge('-');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readFile(path: string): string {
  let descriptor: number | undefined;
  try {
    // Opened without blocking, so that a fifo in the file's place is refused and not waited for.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return readBounded(descriptor, path);
  } catch (error) {
    if (error instanceof Error && 'errno' in error) {
      throw deputyError('DEPUTY_E_POD_UNREADABLE', { path }, error);
    }
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readBounded(descriptor: number, path: string): string {
  if (!fstatSync(descriptor).isFile()) {
    throw deputyError('DEPUTY_E_POD_UNREADABLE', { path, detail: 'it is not a regular file' });
  }
  // One byte more than allowed tells a file that is too large, even one that grows meanwhile.
  const buffer = Buffer.alloc(maximumManifestBytes + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length < buffer.length; length += count) {
    count = readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > maximumManifestBytes) throw tooLarge(path);
  return buffer.toString('utf8', 0, length);
}

function tooLarge(path: string) {
  const detail = `it is larger than ${maximumManifestBytes / 1024 / 1024} MiB`;
  return deputyError('DEPUTY_E_POD_UNREADABLE', { path, detail });
}
