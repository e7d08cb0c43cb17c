import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { deputyCommand } from '../lab/agent-process.js';
import { compile, endAgent, type Figures, medianFigures, startAgent, user } from './measure.js';

const warmUpMs = 80;
const compileMs = 1_000;

/** An open through `deputy broker`, from one thread, one call at a time, both on one processor. */
export async function measureBroker(
  directory: string,
  share: string,
  rounds: number,
  measureMs: number,
): Promise<Figures> {
  const program = compile(directory, 'broker-target', ['broker-target.c']);
  // A broker serves mounts.
  must('mount', ['--bind', share, share]);
  try {
    const socketPath = join(ownFolder(directory, 'broker-socket'), 'broker.sock');
    const state = join(ownFolder(directory, 'broker-state'), 'deputy');
    const agent = await startAgent(brokerCommand(socketPath, share, state), true);
    const client = ['-c', '0', ...asTarget, program, socketPath, share, `${warmUpMs}`];
    const run = (forMs: number): Figures => JSON.parse(must('taskset', [...client, `${forMs}`])) as Figures;
    try {
      // It serves for days; its first seconds, in which its code is compiled, are not what is measured.
      for (let round = 0; round < 3; round++) run(compileMs);
      return medianFigures(Array.from({ length: rounds }, () => run(measureMs)));
    } finally {
      await endAgent(agent);
    }
  } finally {
    must('umount', [share]);
  }
}

const asTarget = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];

/** As Kubernetes starts it: root with what it takes to become the target. */
function brokerCommand(socketPath: string, share: string, state: string): string[] {
  const sets = ['--bounding-set=-all,+dac_read_search,+setuid,+setgid', '--inh-caps=-all', '--clear-groups'];
  const words = ['--socket', socketPath, '--share', `share=${share}`, '--cgroup', 'any'];
  words.push('--user', `${user}:${user}`, '--state', state, '--log-level', 'error');
  return ['setpriv', ...sets, '--no-new-privs', process.execPath, deputyCommand(), 'broker', ...words];
}

function ownFolder(directory: string, name: string): string {
  const folder = join(directory, name);
  mkdirSync(folder);
  chownSync(folder, user, user);
  return folder;
}

/** What it printed. */
function must(program: string, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${status} ${stderr}`);
  return stdout;
}
