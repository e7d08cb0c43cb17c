import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { lockStateDirectory } from '../../host/state-directory.js';
import { type CheckedJournal, checkJournal, planRepair, repairJournal } from '../../journal/index.js';
import { defaultStateDirectory } from '../agent-parts.js';
import { handlersOfRecords } from '../journal-handlers.js';
import { type RecordChoice, showRecords, showSegments } from '../journal-inspect.js';
import { showCheck, showRepair } from '../journal-report.js';
import { exitCode } from '../output.js';
import { positiveInteger } from './agent.js';

interface JournalFlags {
  readonly state: string;
  readonly json?: boolean;
}

/** Adds `deputy journal inspect|verify|repair` to the program. */
export function addJournalCommand(program: Command): void {
  const journal = program
    .command('journal')
    .description('look into the record of requests, check and repair it');
  withState(journal.command('inspect'))
    .description('what is in the journal; works while an agent runs')
    .option('--records', 'print the records, with every step that was taken')
    .option('--segment <n>', 'only those of this segment', positiveInteger)
    .option('--follow-id <id>', 'only those of a delegation, thread, notification or request')
    .option('--limit <n>', 'only so many, the last ones', positiveInteger)
    .action((flags: JournalFlags & RecordChoice & { records?: boolean }) => {
      const found = check(flags);
      if (flags.records) showRecords(found, handlersOfRecords(), flags);
      else showSegments(found, flags.json === true);
    });
  withState(journal.command('verify'))
    .description('check the journal, and replay every request through the request machine')
    .action((flags: JournalFlags) => {
      const found = check(flags);
      showCheck(found, flags.json === true);
      process.exitCode = found.problems.length === 0 ? exitCode.ok : exitCode.failed;
    });
  withState(journal.command('repair'))
    .description('make a damaged journal whole again; what is damaged is kept aside')
    .option('--dry-run', 'only say what would be done')
    .action((flags: JournalFlags & { dryRun?: boolean }) => repair(flags));
}

function withState(command: Command): Command {
  return command
    .option('--state <directory>', "the agent's state directory", defaultStateDirectory)
    .option('--json', 'print JSON');
}

function check({ state }: JournalFlags): CheckedJournal {
  // A reader that goes away (head, say) ends the output; that is no failure.
  process.stdout.on('error', () => process.exit(0));
  return checkJournal(join(resolve(state), 'journal'), handlersOfRecords());
}

function repair(flags: JournalFlags & { dryRun?: boolean }): void {
  const path = resolve(flags.state);
  const directory = join(path, 'journal');
  // Locking would make it.
  if (!existsSync(directory)) throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path: directory });
  const locked = lockStateDirectory(path);
  try {
    const plan = planRepair(check(flags));
    const done = flags.dryRun ? [] : repairJournal(plan);
    showRepair(plan, done, { json: flags.json === true, isDryRun: flags.dryRun === true });
  } finally {
    locked.unlock();
  }
}
