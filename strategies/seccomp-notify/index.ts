export { handlerOf, handlers } from './handlers/registry.js';
export { handlersModule } from './handlers-module.js';
export { seccompNotify } from './strategy.js';
