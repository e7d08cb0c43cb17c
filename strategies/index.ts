export { dispatcher } from './dispatcher/index.js';
export { fileHandle } from './file-handle/index.js';
export { seccompNotify } from './seccomp-notify/index.js';
export { sidecarCaps } from './sidecar-caps/index.js';
