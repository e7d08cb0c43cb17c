import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { nativeProgram } from '../../native/native-programs.js';
import { exitCode, print } from '../output.js';

/** Adds `deputy placeholder` to the program. */
export function addPlaceholderCommand(program: Command): void {
  program
    .command('placeholder')
    .description("be a container's first process, and end with the payload that is dispatched to it")
    .option('--socket <path>', 'where it is told which process the payload is')
    .option('--print-path', 'print the path of the static program, which needs nothing of this one')
    .addHelpText('after', '\nIn a container use the static program itself: it needs nothing of Node.')
    .action((flags: { readonly socket?: string; readonly printPath?: boolean }, command: Command) => {
      const path = nativeProgram('placeholder');
      if (flags.printPath) return print(path);
      if (flags.socket === undefined)
        return command.error("error: required option '--socket <path>' not specified");
      const { status, signal } = spawnSync(path, ['--socket', flags.socket], { stdio: 'inherit' });
      process.exitCode = status ?? (signal === null ? exitCode.failed : 128);
    });
}
