import { randomUUID } from 'node:crypto';
import type { Ids } from '../../core/ports/ids.js';

/** Random ids (RFC 9562, version 4). */
export const randomIds: Ids = { next: () => randomUUID() };
