/**
 * What the publisher knows of a listener: whose requests its records are. Written into the journal as well.
 */
export interface ListenerIdentity {
  readonly key: number;
  readonly delegationId: string;
  readonly tenant: string;
  readonly record: 'each' | 'failures' | 'summary';
}
