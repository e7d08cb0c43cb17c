// Child processes of the set-up scripts, which have no dependencies because they run before npm install.
import { spawnSync } from 'node:child_process';

/** Thrown when something is missing that these scripts can't provide: callers then run a smaller form. */
export class SetupError extends Error {
  constructor(message, remedy) {
    super(message);
    this.name = 'SetupError';
    this.remedy = remedy;
  }
}

/** Progress goes to stderr, because stdout belongs to whoever called. */
export function progress(options, text) {
  if (!options.quiet) process.stderr.write(`setup: ${text}\n`);
}

/** Runs a command to its end or the timeout; returns `{ ok, stdout, output }`. Never throws. */
export function run(command, commandArguments, { timeoutSeconds = 60, cwd, env } = {}) {
  const result = spawnSync(command, commandArguments, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', ...env },
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutSeconds * 1000,
  });
  const reason = result.error ? `${result.error.message}\n` : '';
  const stdout = result.stdout ?? '';
  return { ok: result.status === 0, stdout, output: `${reason}${stdout}${result.stderr ?? ''}`.trim() };
}

/** As `run`, but tries again, because mirrors fail now and then. Throws a SetupError after the last try. */
export async function runWithRetries(command, commandArguments, options = {}) {
  const triesMax = 3;
  let last = { ok: false, stdout: '', output: '' };
  for (let tries = 1; tries <= triesMax; tries += 1) {
    last = run(command, commandArguments, options);
    if (last.ok) return last;
    if (tries < triesMax) await new Promise((wake) => setTimeout(wake, tries * 2000));
  }
  const tail = last.output.split('\n').slice(-4).join('\n');
  const verb = commandArguments.find((word) => /^[a-z]+$/.test(word)) ?? '';
  throw new SetupError(`${command} ${verb} failed ${triesMax} times:\n${tail}`, options.remedy);
}
