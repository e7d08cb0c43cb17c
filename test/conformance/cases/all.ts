import type { Case } from '../language.js';
import { addingCases } from './adding.js';
import { answeringCases } from './answering.js';
import { listenerCases } from './listeners.js';
import { namingCases } from './naming.js';
import { openingCases } from './opening.js';
import { signalCases } from './signals.js';
import { tracingCases } from './tracing.js';

/** Every case. A file of more is a line here. */
export const allCases: readonly Case[] = [
  ...answeringCases,
  ...addingCases,
  ...listenerCases,
  ...signalCases,
  ...tracingCases,
  ...openingCases,
  ...namingCases,
];
