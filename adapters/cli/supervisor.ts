#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { handlersModule, seccompNotify } from '../../strategies/seccomp-notify/index.js';
import { runSupervisor } from '../agent/run-supervisor.js';
import { commandLineLogger, type LogLevel } from '../logging/index.js';
import { loadPolicy } from './agent-parts.js';

// Events are garbage a moment after they are made; a young generation that grows gains nothing.
setFlagsFromString('--semi-space-growth-factor=1');

/** Entry of supervisors: started by a keeper, and with this build's strategies. */
runSupervisor({
  loggerOf: (level) => commandLineLogger(level as LogLevel),
  policyOf: loadPolicy,
  handlersModule,
  strategies: (service) => [seccompNotify({ service })],
});
