/** A process of deputy's, for status. */
export interface ProcessStatus {
  readonly pid: number;
  readonly role: 'keeper' | 'supervisor' | 'injector';
  readonly state: 'starting' | 'active' | 'standby';
}
