import { delegationLife } from '../machines/delegation-life.js';
import type { OpenStream } from '../ports/sequencer.js';

/**
 * May a successor go on with a delegation that was left open? One that had not begun to be established was
 * cut off before anything of it was there: `settlePredecessors` says so, and its target is delegated to anew.
 */
export function canBeAdopted({ state }: Pick<OpenStream, 'state'>): boolean {
  return delegationLife[state]['delegation.recovering'] !== undefined;
}
