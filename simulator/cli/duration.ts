import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const maximumMs = 24 * 3_600_000;

/** A length of time such as 500ms, 60s, 10m: its milliseconds. */
export function duration(text: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Number(number) * (units[unit] ?? 0);
  if (number === '' || ms < 1 || ms > maximumMs) {
    throw new InvalidArgumentError('Must be a time such as 500ms, 60s or 10m, of at most 24h.');
  }
  return ms;
}
