import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { columnOf } from './strategy-port.js';

const text = z.string().min(1).max(400);

/** What a strategy can't do by its nature: the one place where the suite lets one be another than the rest. */
const schema = z.strictObject({
  version: z.literal(1),
  exceptions: z
    .array(
      z.strictObject({
        strategy: z.string().max(64),
        /** Which form of it, where it has several. */
        form: z.string().max(64).optional(),
        /** Cases of the suite by their ids, with what comes of them instead. */
        cases: z.record(z.string().max(64), text),
        reason: text,
      }),
    )
    .max(64),
});

/** A case that a strategy is not to pass, what comes of it instead, and why that can't be otherwise. */
export interface StrategyException {
  readonly strategy: string;
  /** The strategy as the table has it, with its form. */
  readonly column: string;
  readonly caseId: string;
  readonly instead: string;
  readonly reason: string;
}

/** The committed table. Throws where it is not right, or has a case twice. */
export function readExceptions(): readonly StrategyException[] {
  const url = new URL('strategy-exceptions.json', import.meta.url);
  const { exceptions } = schema.parse(JSON.parse(readFileSync(url, 'utf8')));
  const rows = exceptions.flatMap(({ strategy, form, cases, reason }) => {
    const column = columnOf({ strategy, ...(form === undefined ? {} : { form }) });
    return Object.entries(cases).map(([caseId, instead]) => ({ strategy, column, caseId, instead, reason }));
  });
  const keys = new Set(rows.map(({ column, caseId }) => `${column} ${caseId}`));
  if (keys.size !== rows.length) throw new Error('a case is excepted twice for one strategy');
  return rows;
}
