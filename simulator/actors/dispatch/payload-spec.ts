import type { PayloadSpec } from '../../../core/ports/payload.js';
import type { Scenario } from '../../scenario/scenario-schema.js';

const deadlineMs = 10_000;
export const placeholderSocket = '/placeholder.sock';

/** What whoever dispatches in a scenario asks for. */
export function payloadSpecOf({ dispatch }: Scenario): PayloadSpec {
  return {
    argv: ['/payload'],
    capabilities: dispatch.capabilities,
    user: 0,
    group: 0,
    groups: [],
    from: 'host',
    environment: {},
    directory: '/',
    readiness: { kind: 'none' },
    deadlineMs,
    terminal: false,
    output: 'caller',
    lossy: false,
    bufferBytes: 4096,
    filter: 'default',
    ...(dispatch.placeholder ? { placeholderSocket } : {}),
  };
}
