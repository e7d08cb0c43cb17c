import { describe, test } from 'vitest';

/**
 * A suite that needs something of the machine. Where it is missing, a user's run skips the suite with the
 * reason in its name; in CI the same is a failure, since nothing would have been tested.
 */
export function describeWhen(missing: readonly string[], name: string, body: () => void): void {
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const reason = missing.join('; ');
  if (process.env['CI'] !== 'true') {
    describe.skip(`${name} (skipped: ${reason})`, body);
    return;
  }
  describe(name, () => {
    test('has what it needs', () => {
      throw new Error(`missing in CI: ${reason}`);
    });
  });
}

/** What a test of the real kernel needs: Linux and root. */
export function missingForKernel(): readonly string[] {
  if (process.platform !== 'linux') return ['Linux'];
  return process.getuid?.() === 0 ? [] : ['root'];
}

/** True for the long forms: npm run test:long. */
export const isLong = process.env['DEPUTY_LONG'] === '1';
