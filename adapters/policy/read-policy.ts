import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { deputyError } from '../../core/errors/deputy-error.js';
import { type ParsePolicyOptions, parsePolicy } from '../../core/policy/parse.js';
import type { Policy } from '../../core/policy/schema.js';

/** A policy file may have this many bytes at most. */
export const maximumPolicyBytes = 1024 * 1024;

// A policy has no use for more; aliases of aliases make a small file large ('billion laughs').
const maximumAliases = 100;

/**
 * Reads a policy file, YAML or JSON (which is YAML), and checks it.
 * Throws DEPUTY_E_POLICY_UNREADABLE if there is no such file, or it is too large or not a regular file, and
 * DEPUTY_E_POLICY_INVALID with a line for each problem.
 */
export function readPolicy(path: string, options: Omit<ParsePolicyOptions, 'source'> = {}): Policy {
  return parsePolicyText(readPolicyText(path), { ...options, source: path });
}

/** Parses the text of a policy (YAML or JSON); errors of syntax name their line and column. */
export function parsePolicyText(text: string, options: ParsePolicyOptions = {}): Policy {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  const problems = [...document.errors, ...document.warnings].map(({ message, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    return `line ${line}, column ${col}: ${message}`;
  });
  if (problems.length > 0) {
    throw invalidSyntax(problems, options);
  }
  return parsePolicy(toPlain(document, options), options);
}

function toPlain(document: ReturnType<typeof parseDocument>, options: ParsePolicyOptions): unknown {
  try {
    return document.toJS({ maxAliasCount: maximumAliases });
  } catch (error) {
    throw invalidSyntax([error instanceof Error ? error.message : String(error)], options);
  }
}

function invalidSyntax(problems: readonly string[], { source = '(given as text)' }: ParsePolicyOptions) {
  const text = problems.map((problem) => `  ${problem}`).join('\n');
  return deputyError('DEPUTY_E_POLICY_INVALID', { source, text, problems });
}

function readPolicyText(path: string): string {
  let descriptor: number | undefined;
  try {
    // Opened without blocking, so that a fifo in the file's place is refused and not waited for.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return readBounded(descriptor, path);
  } catch (error) {
    if (error instanceof Error && 'errno' in error) {
      throw deputyError('DEPUTY_E_POLICY_UNREADABLE', { path }, error);
    }
    throw error;
  } finally {
    if (descriptor !== undefined) {
      closeSync(descriptor);
    }
  }
}

function readBounded(descriptor: number, path: string): string {
  if (!fstatSync(descriptor).isFile()) {
    throw deputyError('DEPUTY_E_POLICY_UNREADABLE', { path, detail: 'it is not a regular file' });
  }
  // One byte more than allowed tells a file that is too large, even one that grows meanwhile.
  const buffer = Buffer.alloc(maximumPolicyBytes + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length < buffer.length; length += count) {
    count = readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > maximumPolicyBytes) {
    throw deputyError('DEPUTY_E_POLICY_UNREADABLE', { path, detail: 'it is larger than 1 MiB' });
  }
  return buffer.toString('utf8', 0, length);
}
