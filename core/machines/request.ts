import { createMachine } from 'xstate';
import { requestLife, requestStates } from './request-life.js';

/**
 * The request machine, which is the specification of a request's life. The hot path runs the flat table
 * that `compileRequestTable` makes of the same life; journals of real runs are replayed through this machine
 * itself.
 */
export const requestMachine = createMachine({
  id: 'request',
  initial: 'received',
  states: Object.fromEntries(
    requestStates.map((state) => {
      const on = requestLife[state];
      return [state, Object.keys(on).length === 0 ? { type: 'final' as const } : { on }];
    }),
  ),
});
