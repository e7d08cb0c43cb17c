#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { handlersModule } from '../../strategies/seccomp-notify/handlers-module.js';
import { FirstLoop } from '../supervisor/first-loop.js';

/**
 * Entry of supervisors: started by a keeper, and with this build's strategies. Targets may be waiting for
 * this very process, so the first loop is started before all that it doesn't need is loaded.
 */
// Events are garbage a moment after they are made; a young generation that grows gains nothing.
setFlagsFromString('--semi-space-growth-factor=1');
const first = FirstLoop.start(handlersModule);
const { supervise } = await import('./supervise.js');
supervise(first);
