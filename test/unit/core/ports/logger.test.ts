import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../../core/ports/logger.js';

it('a pino logger is one as it is', () => {
  const lines: string[] = [];
  const logger: Logger = pino({ base: null }, { write: (line: string) => lines.push(line) });
  logger.child({ delegationId: 'd' }).warn({ requestId: 'r' }, 'hello');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ delegationId: 'd', requestId: 'r', msg: 'hello' });
});

it('silentLogger says nothing, and its children neither', () => {
  expect(silentLogger.child({ a: 1 })).toBe(silentLogger);
  expect(silentLogger.error({}, 'x')).toBeUndefined();
});
