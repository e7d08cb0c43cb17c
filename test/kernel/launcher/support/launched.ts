import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { describe } from 'vitest';
import { type LaunchOptions, launchTarget } from '../../../../adapters/launcher/launch-target.js';
import { systemCall } from '../../../../adapters/linux/native.js';

const CAP_SETUID = 7;

function missing(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  const mask = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> BigInt(CAP_SETUID)) & 1n) === 1n ? undefined : 'needs root';
}

/** Why these tests can't run here, or undefined. In CI that is a failure, never a silence. */
const reasonToSkip = missing();
if (reasonToSkip !== undefined && process.env['CI'] === 'true') {
  throw new Error(`the launcher's kernel tests must run in CI: ${reasonToSkip}`);
}

/** A suite that needs root; skipped, with the reason in its title, where it can't run. */
export function rootSuite(text: string, body: () => void): void {
  const title = reasonToSkip === undefined ? text : `${text} (skipped: ${reasonToSkip})`;
  describe.skipIf(reasonToSkip !== undefined)(title, body);
}

export const nobody = { uid: 65534, gid: 65534 };

/** How a target ended and what it wrote. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  /** The code of the error that start() threw. */
  readonly error?: string;
}

/** Runs a program under the filter to its end; nobody answers what it asks. */
export async function runToEnd(
  argv: readonly string[],
  options: Partial<LaunchOptions> = {},
): Promise<Outcome> {
  const target = await launchTarget({ argv, ...nobody, streams: ['ignore', 'pipe', 'pipe'], ...options });
  const output = Promise.all([collect(target.stdout), collect(target.stderr)]);
  let error: string | undefined;
  try {
    await target.start();
  } catch (thrown) {
    error = (thrown as { code: string }).code;
  }
  const end = await target.exited;
  systemCall('close', target.listener);
  return { ...end, output: (await output).join(''), ...(error === undefined ? {} : { error }) };
}

async function collect(stream: Readable | null): Promise<string> {
  let text = '';
  for await (const part of stream ?? []) text += String(part);
  return text;
}

/** A field of proc_pid_status(5) in what a program printed of it. */
export function statusField(text: string, name: string): string {
  return new RegExp(`^${name}:[\\t ]*(.*?)[\\t ]*$`, 'm').exec(text)?.[1] ?? '(none)';
}
