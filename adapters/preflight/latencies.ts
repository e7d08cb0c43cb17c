import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const levelsToRoot = 6;

/**
 * What a call costs by each way, as docs/benchmarks.md of this build has it: an O_RDONLY open from one
 * thread, agent and target on one processor. Empty where the report is not there or has another form.
 */
export function measuredLatencies(text: string = readReport()): Record<string, string> {
  const row = /^\| open \| 1 \| ([\d.]+) \| [\d.]+ \/ [\d.]+ \| ([\d.]+) \/ ([\d.]+) \|/m.exec(text);
  const [, native, median, high] = row ?? [];
  if (native === undefined || median === undefined || high === undefined) return {};
  const broker = /^\| deputy broker \| 1 \| ([\d.]+) \| ([\d.]+) \|/m.exec(text);
  return {
    ...(broker === null ? {} : { brokered: `${broker[1]} us a call (p99 ${broker[2]}), by its protocol` }),
    native: `${native} us a call, the kernel's own`,
    answered: `${median} us a call (p99 ${high}), ${native} without deputy`,
  };
}

/** The same from sources and from dist/. */
function readReport(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (let level = 0; level < levelsToRoot; level++) {
    try {
      return readFileSync(join(directory, 'docs/benchmarks.md'), 'utf8');
    } catch {
      directory = dirname(directory);
    }
  }
  return '';
}
