/** An OCI seccomp agent as a library: what `deputy agent` is made of. */
export { type Agent, type AgentOptions, startAgent } from './agent.js';
