export { handlerOf, handlers } from './handlers/registry.js';
export { seccompNotify } from './strategy.js';
