/**
 * A kernel without the notifier: seccomp(2) gives ENOSYS to this process and to all that it starts, by a filter
 * that was installed before (which is no contradiction: it was installed by the last call that worked). Runs
 * its arguments as a command and ends as it does.
 */
import { spawnSync } from 'node:child_process';

const linux = new URL('../../../../dist/adapters/linux/', import.meta.url);
const { filterProgram, installFilter, SECCOMP_RET_ERRNO } = await import(new URL('seccomp.js', linux).href);
const { hotSyscalls } = await import(new URL('native.js', linux).href);

const ENOSYS = 38;
const { architecture, numbers } = hotSyscalls();
const rule = { numbers: [numbers.seccomp], action: SECCOMP_RET_ERRNO | ENOSYS };
const installed = installFilter(filterProgram(architecture.auditArchitecture, [rule]), 0);
if (installed < 0) throw new Error(`the filter could not be installed: ${installed}`);
const [, , program, ...words] = process.argv;
const { status } = spawnSync(program, words, { stdio: 'inherit' });
process.exit(status ?? 1);
