import { isDeputyError } from '../../core/errors/deputy-error.js';

/** Exit codes of the command line (docs/reference/command-line.md). */
export const exitCode = { ok: 0, failed: 1, usage: 2, deputyFailed: 125 } as const;

/** Writes data to stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes JSON to stdout: one document, or one line when it is part of a stream. */
export function printJson(value: unknown, oneLine = false): void {
  print(JSON.stringify(value, null, oneLine ? 0 : 2));
}

/** Says on stderr what happened, why and what to do. */
export function printError(error: unknown): void {
  if (isDeputyError(error)) {
    process.stderr.write(`deputy: ${error.code}: ${error.message}\n  ${error.remedy}\n`);
    return;
  }
  process.stderr.write(
    `deputy: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}

const inputCodes: ReadonlySet<string> = new Set([
  'DEPUTY_E_USAGE',
  'DEPUTY_E_POLICY_INVALID',
  'DEPUTY_E_POLICY_UNREADABLE',
  'DEPUTY_E_KEY_UNKNOWN',
  'DEPUTY_E_KEYS_IMPORT_INVALID',
  'DEPUTY_E_POD_INVALID',
  'DEPUTY_E_POD_UNREADABLE',
  'DEPUTY_E_POD_SECURITY_UNKNOWN',
  'DEPUTY_E_TARGET_UNKNOWN',
]);

/** The exit code that an error stands for: bad input is 2, all else 1. */
export function exitCodeOf(error: unknown): number {
  return isDeputyError(error) && inputCodes.has(error.code) ? exitCode.usage : exitCode.failed;
}
