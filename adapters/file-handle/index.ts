/** What the file-handle strategy knows of the kernel, by trying; and mounts that are made for it. */
export { attachMount, type IdmappedMountOptions, idmappedMount } from './idmapped-mount.js';
export { inspectTarget } from './inspect-target.js';
export { type ProbeSubject, probeHandles } from './probe.js';
