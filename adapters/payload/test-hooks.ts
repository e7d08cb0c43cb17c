import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * A hook that only tests use, and that does nothing unless DEPUTY_TEST=1 and DEPUTY_CRASH_FILE names a file:
 * its first line, `STEP:before` or `STEP:after`, is where the next dispatch dies by SIGKILL; the line is
 * taken out first, so that its successor doesn't die of it as well.
 */
const crashFile = process.env['DEPUTY_TEST'] === '1' ? process.env['DEPUTY_CRASH_FILE'] : undefined;

interface ActingStep {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a step is given and gives is passed on.
  readonly act: (...given: any[]) => Promise<any>;
}

/** The steps as they are or, in such a test, with a crash point before and after each. */
export function withCrashPoints<Step extends ActingStep>(steps: readonly Step[]): readonly Step[] {
  if (crashFile === undefined) return steps;
  const [point = '', ...rest] = readLines(crashFile);
  const dieAt = (name: string): void => {
    if (name !== point) return;
    if (rest.length === 0) rmSync(crashFile);
    else writeFileSync(crashFile, rest.join('\n'));
    process.kill(process.pid, 'SIGKILL');
  };
  return steps.map((step) => ({
    ...step,
    act: async (...given: Parameters<Step['act']>) => {
      dieAt(`${step.name}:before`);
      const result = await step.act(...given);
      dieAt(`${step.name}:after`);
      return result;
    },
  }));
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
