import type { PayloadSpec } from '../../../core/ports/payload.js';

/** A payload of the target's user that reads nothing and whose output is the caller's. */
export const plainPayload: Omit<PayloadSpec, 'argv' | 'deadlineMs'> = {
  capabilities: [],
  user: 107,
  group: 107,
  groups: [],
  from: 'host',
  environment: {},
  directory: '/',
  readiness: { kind: 'none' },
  terminal: false,
  output: 'caller',
  lossy: false,
  bufferBytes: 65_536,
  filter: 'default',
};
