export { seccompNotify } from './seccomp-notify/index.js';
