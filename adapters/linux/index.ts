/** Linux through koffi: what other adapters and embedders may use. Handlers see only core/ports/kernel.ts. */

export { allocate, mapShared, NativeMemory, replaceWithAnonymous, unmap } from './memory.js';
export { exitAtOnce, systemCall, viewMemory } from './native.js';
