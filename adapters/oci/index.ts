/** The OCI runtime's side: the socket that listeners arrive on. */
export { AgentSocket, type AgentSocketOptions } from './agent-socket.js';
export { type ContainerProcessState, parseContainerState } from './container-state.js';
