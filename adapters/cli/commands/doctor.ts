import type { Command } from 'commander';
import { canServe, type Diagnosis, diagnose } from '../../doctor/index.js';
import { exitCode, print, printJson } from '../output.js';

/** Adds `deputy doctor` to the program. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('try what each strategy needs on this kernel, as this user')
    .option('--json', 'print JSON')
    .option(
      '--directory <path>',
      'what opens by handle there, and how (file-handle); repeatable',
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .action(async (flags: { json?: boolean; directory: readonly string[] }) => {
      const lines = await diagnose(flags.directory);
      const serves = canServe(lines);
      if (flags.json) printJson({ canServe: serves, checks: lines });
      else printLines(lines, serves);
      process.exitCode = serves ? exitCode.ok : exitCode.failed;
    });
}

function printLines(lines: readonly Diagnosis[], serves: boolean): void {
  let section = '';
  for (const line of lines) {
    if (line.strategy !== section) print(`${section === '' ? '' : '\n'}${line.strategy}`);
    section = line.strategy;
    const mark = line.ok ? 'yes' : line.optional ? 'no*' : 'NO ';
    print(`  ${mark}  ${line.check.padEnd(20)} ${line.detail}`);
    if (line.remedy !== undefined) print(`       ${''.padEnd(20)} -> ${line.remedy}`);
  }
  print('');
  print('no* does without');
  print(serves ? 'seccomp-notify works here.' : 'seccomp-notify can not work here; see each NO above.');
}
