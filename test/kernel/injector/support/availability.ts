import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe } from 'vitest';
import { injectorEntry, removeScratch, targetProgram } from './build.js';

const CAP_SYS_PTRACE = 19;
const CAP_DAC_READ_SEARCH = 2;

function missing(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.arch !== 'x64') return 'needs x86-64';
  const mask = BigInt(
    `0x${/^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  );
  const held = (bit: number): boolean => ((mask >> BigInt(bit)) & 1n) === 1n;
  if (!held(CAP_SYS_PTRACE) || !held(CAP_DAC_READ_SEARCH)) return 'needs root';
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'needs gcc';
  }
  return undefined;
}

/** Why these tests can't run here, or undefined. In CI that is a failure, never a silence. */
const reasonToSkip = missing();
if (reasonToSkip !== undefined && process.env['CI'] === 'true') {
  throw new Error(`the injector's kernel tests must run in CI: ${reasonToSkip}`);
}

/** A suite that builds the injector first; skipped, with the reason in its title, where it can't run. */
export function injectorSuite(text: string, body: () => void): void {
  const title = reasonToSkip === undefined ? text : `${text} (skipped: ${reasonToSkip})`;
  describe.skipIf(reasonToSkip !== undefined)(title, () => {
    beforeAll(() => {
      injectorEntry();
      targetProgram();
    }, 120_000);
    afterAll(removeScratch);
    body();
  });
}
