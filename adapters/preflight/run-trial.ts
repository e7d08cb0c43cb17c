import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TrialResult } from '../../core/preflight/entry.js';
import { confinedCommand } from '../host/confined-command.js';
import { capability } from '../linux/credentials.js';
import { entryUrl } from '../supervisor/entry-path.js';
import type { ChildTrial } from './trial-names.js';

/** Node itself has to start, which takes seconds on a busy machine; a trial takes milliseconds. */
const trialTimeoutMs = 15_000;
/** A result is one short line; more is no result. */
const outputLimitBytes = 64 << 10;
const nobody = '65534';
const defaultPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** What a sidecar is started with. */
const ofSidecar = [capability.DAC_READ_SEARCH, capability.SETUID, capability.SETGID];

/** With which privilege each trial is started: at most what its strategy would have. */
const commands: Readonly<Record<ChildTrial, (words: readonly string[]) => readonly string[]>> = {
  'open-by-handle': (words) => confinedCommand([capability.DAC_READ_SEARCH], words),
  'join-namespaces': (words) => confinedCommand([capability.SYS_ADMIN, capability.SYS_CHROOT], words),
  'become-and-open': (words) => confinedCommand(ofSidecar, words),
  'same-user-access': (words) => confinedCommand(ofSidecar, words),
  'unprivileged-handles': (words) => [
    ...asNobody(),
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    ...words,
  ],
};

/**
 * Root may map itself into a user namespace only with a capability; nobody may without (user_namespaces(7)).
 */
function asNobody(): string[] {
  if (process.getuid?.() !== 0) return [];
  const ids = ['--reuid', nobody, '--regid', nobody, '--clear-groups'];
  return ['setpriv', ...ids, '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
}

/**
 * Makes a trial in a child that is made for it and ends with it. The child is in deputy's own namespaces and
 * cgroup or in new ones, never in a target's. Never throws: what can't be tried is a no.
 */
export async function runTrial(trial: ChildTrial): Promise<TrialResult> {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-trial-'));
  try {
    // Trials without CAP_DAC_OVERRIDE use what is there.
    chmodSync(directory, 0o755);
    writeFileSync(join(directory, 'file'), '');
    const entry = fileURLToPath(entryUrl(new URL('./trial-main.js', import.meta.url)));
    return await runChild(commands[trial]([process.execPath, entry, trial, directory]));
  } catch (error) {
    return { ok: false, detail: `not tried: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function runChild([program = '', ...words]: readonly string[]): Promise<TrialResult> {
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Whoever becomes nobody could not read where deputy was started.
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? defaultPath },
      timeout: trialTimeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (bytes: Buffer) => {
      if (output.length < outputLimitBytes) output += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      if (errors.length < outputLimitBytes) errors += bytes.toString();
    });
    child.once('error', (error) => resolve({ ok: false, detail: `not tried: ${error.message}` }));
    child.once('close', (code, signal) => {
      const ended = signal === null ? `it ended with ${code}` : `no answer in ${trialTimeoutMs} ms`;
      resolve(resultOf(output) ?? { ok: false, detail: `${ended}: ${firstLine(errors)}` });
    });
  });
}

function resultOf(output: string): TrialResult | undefined {
  try {
    const { ok, detail } = JSON.parse(output) as TrialResult;
    return typeof ok === 'boolean' && typeof detail === 'string' ? { ok, detail } : undefined;
  } catch {
    return undefined;
  }
}

function firstLine(text: string): string {
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.slice(0, 200) ?? 'it said nothing'
  );
}
