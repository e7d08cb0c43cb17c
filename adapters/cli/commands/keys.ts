import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import {
  changeKeys,
  exported,
  formatKeys,
  imported,
  parseKeyId,
  parseKeys,
  readKeys,
  readSmallFile,
  retired,
  rotated,
  type SealKeySet,
  withFirstKey,
  writeAtomically,
} from '../../keys/index.js';
import { defaultStateDirectory } from '../agent-parts.js';
import { keyObjects, showKeys, tellAgent } from '../key-report.js';
import { print, printJson } from '../output.js';
import { positiveInteger } from './agent.js';

interface KeyFlags {
  readonly state: string;
  readonly json?: boolean;
}
interface RotateFlags extends KeyFlags {
  readonly overlapMs?: number;
  readonly until?: number;
  readonly retire?: number;
}
interface ExportFlags extends KeyFlags {
  readonly file?: string;
  readonly id: readonly number[];
}

/** Adds `deputy keys list|rotate|export|import`. */
export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description('the keys that handles are sealed with');
  withState(keys.command('list'))
    .description('which keys there are; their secrets are not shown')
    .action((flags: KeyFlags) => list(flags));
  withState(keys.command('rotate'))
    .description('make a fresh key for new seals; the one before goes on verifying')
    .option('--overlap-ms <n>', 'for so long only', positiveInteger)
    .option('--until <date>', 'until then only (ISO 8601)', date)
    .option(
      '--retire <id>',
      'make no fresh key (unless it is the current one), but retire this one now',
      keyId,
    )
    .action((flags: RotateFlags) => rotate(flags));
  withState(keys.command('export'))
    .description('write keys for the machine that a guest migrates to. The output is a secret')
    .option('--file <path>', 'write this file, 0600, instead of stdout')
    .option('--id <id>', 'only this key; repeatable. Without it all that verify', collectKey, [])
    .action((flags: ExportFlags) => exportKeys(flags));
  withState(keys.command('import <file>'))
    .description("take another machine's exported keys ('-': stdin): its handles verify here from now on")
    .option('--current', 'also seal with its current key, so that both machines make the same handles', false)
    .action((file: string, flags: KeyFlags & { current: boolean }) => importKeys(file, flags));
}

function withState(command: Command): Command {
  return command
    .option('--state <directory>', "the agent's state directory", defaultStateDirectory)
    .option('--json', 'print JSON');
}

function list(flags: KeyFlags): void {
  showKeys(existing(flags), flags);
}

function existing({ state }: KeyFlags): SealKeySet {
  const path = resolve(state);
  if (!existsSync(path)) throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path });
  return readKeys(path) ?? { current: 0, keys: [] };
}

async function rotate(flags: RotateFlags): Promise<void> {
  const { overlapMs, until, retire } = flags;
  if ([overlapMs, until, retire].filter((flag) => flag !== undefined).length > 1) {
    throw deputyError('DEPUTY_E_USAGE', { detail: '--overlap-ms, --until and --retire exclude each other' });
  }
  const nowMs = Date.now();
  await change(flags, (known) => {
    const keys = known ?? withFirstKey(known, nowMs);
    if (retire !== undefined) return retired(keys, retire, nowMs);
    return rotated(keys, nowMs, overlapMs === undefined ? until : nowMs + overlapMs);
  });
}

function exportKeys(flags: ExportFlags): void {
  const keys = exported(existing(flags), flags.id, Date.now());
  if (keys.keys.length === 0) throw deputyError('DEPUTY_E_USAGE', { detail: 'there is no key to export' });
  const text = formatKeys('deputy exported seal keys', keys);
  if (flags.file === undefined) {
    process.stdout.write(text);
  } else {
    const path = resolve(flags.file);
    writeAtomically(path, text);
    if (flags.json) printJson({ file: path, keys: keyObjects(keys) });
    else print(`${keys.keys.length} keys in ${path}`);
  }
  process.stderr.write('this is a secret: carry it over a safe way, and remove it then\n');
}

async function importKeys(file: string, flags: KeyFlags & { current: boolean }): Promise<void> {
  const theirs = readExported(file);
  await change(flags, (own) => imported(own, theirs, flags.current, Date.now()));
}

function readExported(file: string): SealKeySet {
  const path = file === '-' ? '(stdin)' : resolve(file);
  const text = file === '-' ? readFileSync(0, 'utf8') : readSmallFile(path);
  if (text === undefined) {
    const detail = `there is none in ${dirname(path)}`;
    throw deputyError('DEPUTY_E_KEYS_IMPORT_INVALID', { path, detail });
  }
  try {
    return parseKeys('deputy exported seal keys', text);
  } catch (error) {
    throw deputyError('DEPUTY_E_KEYS_IMPORT_INVALID', { path, detail: (error as Error).message }, error);
  }
}

/** Changes the keys on disk, and has a running agent take them up. */
async function change(flags: KeyFlags, how: (keys: SealKeySet | undefined) => SealKeySet): Promise<void> {
  const state = resolve(flags.state);
  const keys = changeKeys(state, how);
  showKeys(keys, flags, await tellAgent(state));
}

function keyId(text: string): number {
  const id = parseKeyId(text);
  if (id === undefined)
    throw new InvalidArgumentError('eight hexadecimal digits are wanted, as `list` shows');
  return id;
}

function collectKey(text: string, before: readonly number[]): readonly number[] {
  return [...before, keyId(text)];
}

function date(text: string): number {
  const timeMs = Date.parse(text);
  if (!Number.isFinite(timeMs)) throw new InvalidArgumentError('a date is wanted, such as 2030-01-31T12:00Z');
  return timeMs;
}
