/** Puts payloads into targets: joiner, shim and placeholder behind the port of core/ports/payload.ts. */

export { nativeProgram } from '../native/native-programs.js';
export { kernelTellsExit } from './exit-status.js';
export { findTarget, type TargetReference } from './find-container.js';
export { findLife } from './find-payload.js';
export { linuxPayloads } from './payload-host.js';
export { LinuxPayloadSession, type SessionOptions } from './payload-session.js';
export type { OutputSink } from './shim-client.js';
