/** The id of an event: `<delegationId>/<version>`. */
export function eventId(delegationId: string, version: number): string {
  return `${delegationId}/${version}`;
}
