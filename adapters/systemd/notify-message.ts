/** Status text is for one line of `systemctl status`; systemd drops messages of more than 4 KiB. */
export const maximumStatusBytes = 1024;

/** The assignments of one message of sd_notify(3), one a line. */
export function notifyMessage(assignments: readonly (readonly [name: string, value: string])[]): string {
  return assignments.map(([name, value]) => `${name}=${value}`).join('\n');
}

/** Text for STATUS=: one line without control characters, cut at a character's end. */
export function statusText(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  if (Buffer.byteLength(line) <= maximumStatusBytes) return line;
  let bytes = 0;
  let end = 0;
  for (const character of line) {
    bytes += Buffer.byteLength(character);
    if (bytes > maximumStatusBytes - 3) break;
    end += character.length;
  }
  return `${line.slice(0, end)}...`;
}
