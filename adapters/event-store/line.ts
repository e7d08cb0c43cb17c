import { crc32 } from 'node:zlib';

export const newline = 0x0a;
export const space = 0x20;
export const checksumLength = 8;

/** One stored line: the CRC-32 of the JSON as eight hexadecimal digits, a space, the JSON, a newline. */
export function encodeLine(json: string): string {
  return `${crc32(json).toString(16).padStart(checksumLength, '0')} ${json}\n`;
}

/** The JSON of a line (without its newline) that is whole; undefined if the checksum doesn't match. */
export function lineJson(line: Buffer): Buffer | undefined {
  if (line.length <= checksumLength || line[checksumLength] !== space) {
    return undefined;
  }
  const json = line.subarray(checksumLength + 1);
  const checksum = line.toString('latin1', 0, checksumLength);
  return crc32(json).toString(16).padStart(checksumLength, '0') === checksum ? json : undefined;
}
