import { expect, test } from 'vitest';
import { preflightJsonSchema } from '../../../../core/preflight/report.js';

test('the published schema is that of this build; a change is written with `vitest -u`', async () => {
  const text = `${JSON.stringify(preflightJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../../../docs/reference/schemas/preflight.json');
});
