import { writeFileSync } from 'node:fs';
import { recordRun } from '../../runner/record-run.js';
import type { RunPlan } from '../../runner/run-plan.js';

/** What a process is asked to run, one plan after the other. */
export interface HashRequest {
  readonly plans: readonly RunPlan[];
  readonly build: string;
  /** Where the traces go, one for each plan; without it only their hashes are told. */
  readonly files?: readonly string[];
}

/** The hash of each plan's whole trace. */
export interface HashAnswer {
  readonly hashes: readonly string[];
}

async function answer({ plans, build, files }: HashRequest): Promise<void> {
  const hashes: string[] = [];
  for (const [index, plan] of plans.entries()) {
    const lines: string[] = [];
    const keep = files === undefined ? () => undefined : (line: string) => lines.push(line);
    const { hash } = await recordRun(plan, { build, reproduce: '' }, keep);
    const file = files?.[index];
    if (file !== undefined) writeFileSync(file, `${lines.join('\n')}\n`);
    hashes.push(hash);
  }
  const told: HashAnswer = { hashes };
  process.send?.(told, () => process.disconnect());
}

process.on('message', (message) => void answer(message as HashRequest));
