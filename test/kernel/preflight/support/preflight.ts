import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ranking } from '../../../../core/preflight/rank.js';
import { preflightReportSchema } from '../../../../core/preflight/report.js';
import { deputyCommand } from '../../../lab/agent-process.js';

/** What `deputy preflight --json` said, and how it ended. */
export interface Answer extends Ranking {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Circumstances {
  readonly policy?: object;
  /** A manifest's text, for standard input. */
  readonly pod?: string;
  readonly withoutNotifier?: boolean;
  readonly json?: boolean;
  readonly command?: string;
}

/** Runs its arguments as a command, on a kernel without the notifier. */
export const withoutNotifier = fileURLToPath(new URL('without-notifier.mjs', import.meta.url));

/** Runs `deputy preflight`, as a user does. */
export function preflight(words: readonly string[], circumstances: Circumstances = {}): Answer {
  const { policy, pod, json = true, command = 'preflight' } = circumstances;
  const directory = mkdtempSync(join(tmpdir(), 'deputy-preflight-'));
  try {
    const path = join(directory, 'policy.json');
    writeFileSync(path, JSON.stringify({ version: 1, ...policy }));
    const given = [
      ...(policy === undefined ? [] : ['--policy', path]),
      ...(pod === undefined ? [] : ['--pod', '-']),
      ...(json ? ['--json'] : []),
    ];
    const under = circumstances.withoutNotifier ? [withoutNotifier, process.execPath] : [];
    const all = [...under, deputyCommand(), command, ...given, ...words];
    const { status, stdout, stderr } = spawnSync(process.execPath, all, {
      encoding: 'utf8',
      input: pod ?? '',
    });
    // What is printed passes the published schema.
    const ranking = json && stdout !== '' ? preflightReportSchema.parse(JSON.parse(stdout)) : {};
    return { status, stdout, stderr, ...(ranking as unknown as Ranking) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The reasons against a strategy, as texts. */
export function reasonsAgainst(answer: Ranking, name: string): string[] {
  const found = answer.strategies.find(({ strategy }) => strategy === name);
  return found?.reasons.map(({ text }) => text) ?? ['not ranked'];
}
