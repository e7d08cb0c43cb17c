import { expect, it } from 'vitest';
import { errorsDocument } from '../../../../core/errors/document.js';

it('docs/errors.md is fresh (else: npx vitest run test/unit/core/errors -u)', async () => {
  await expect(errorsDocument()).toMatchFileSnapshot('../../../../docs/errors.md');
});
