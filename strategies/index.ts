export { dispatcher } from './dispatcher/index.js';
export { seccompNotify } from './seccomp-notify/index.js';
