/**
 * The launcher: a process entry that makes itself a target. It drops its privileges, installs the filter,
 * hands the listener to its parent, and becomes the program when the parent says so. Everything runs on the
 * main thread, since credentials and filters are a thread's. It never touches process.stdin, stdout or
 * stderr: Node would change the mode of streams that belong to the program.
 */
import { exitAtOnce } from '../linux/native.js';
import { dropPrivileges } from './drop-privileges.js';
import { executeProgram } from './execute-program.js';
import { handOver, installListener } from './install-listener.js';
import { LaunchFailure, readLine, say } from './launcher-channel.js';
import { closeDescriptorsOnExec, lowerFileLimit, resetSignals } from './prepare-process.js';
import { makeProbeCalls } from './probe-calls.js';
import { goLine, type LauncherSetup } from './protocol.js';

const ENOENT = 2;
/**
 * Exit codes of a shell, and 125 for 'deputy itself failed'. They are given by exit_group(2): Node's own end
 * would close what it thinks is open, while standard streams and signals are the program's already, and
 * aborts on Node 24.
 */
const exitCode = { done: 0, launcherFailed: 125, notExecutable: 126, notFound: 127 } as const;

function launch(setup: LauncherSetup): void {
  closeDescriptorsOnExec();
  resetSignals();
  dropPrivileges(setup);
  changeDirectory(setup.workingDirectory);
  const listener = installListener(setup);
  handOver(listener.descriptor);
  say({ type: 'listening', waitKillable: listener.waitKillable });
  // Whoever goes away before the word leaves nobody to answer: the program doesn't start.
  if (readLine() !== goLine) exitAtOnce(exitCode.launcherFailed);
  if (setup.mode === 'probe') {
    makeProbeCalls(setup.argv[0] ?? '');
    exitAtOnce(exitCode.done);
  }
  if (setup.fileLimit !== undefined) lowerFileLimit(setup.fileLimit);
  executeProgram(setup.argv, setup.environment);
}

/** Goes there with the program's rights, not with root's (chdir(2)). */
function changeDirectory(directory: string | undefined): void {
  if (directory === undefined) return;
  try {
    process.chdir(directory);
  } catch (error) {
    throw new LaunchFailure('directory', -((error as NodeJS.ErrnoException).errno ?? -1));
  }
}

function main(): void {
  const line = readLine();
  if (line === undefined) exitAtOnce(exitCode.launcherFailed);
  try {
    launch(JSON.parse(line) as LauncherSetup);
  } catch (error) {
    const failure = error instanceof LaunchFailure ? error : new LaunchFailure('setup', 0, String(error));
    say(failure.toMessage());
    if (failure.step !== 'execute') exitAtOnce(exitCode.launcherFailed);
    exitAtOnce(failure.errno === ENOENT ? exitCode.notFound : exitCode.notExecutable);
  }
}

main();
