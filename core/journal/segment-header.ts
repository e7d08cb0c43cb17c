import { headerOffset, maximumBuildBytes, segmentFormatVersion, segmentMagic } from './segment-layout.js';

/** What a segment's header says; see headerOffset. */
export interface SegmentHeader {
  readonly segment: number;
  readonly epoch: number;
  readonly wallClockBaseMs: number;
  readonly build: string;
  /** Eldest segment in which a request may be unfinished; 0 when that isn't known. */
  readonly openFrom?: number;
}

/** What a page is that is no header of a segment of a format which this build knows. */
export type HeaderProblem =
  | { readonly problem: 'unfinished' }
  | { readonly problem: 'foreign' }
  | { readonly problem: 'unknown-format' }
  | { readonly problem: 'newer'; readonly found: number };

/** Reads a segment's first page without I/O and without a word on errors, on any machine. */
export function decodeSegmentHeader(page: DataView): SegmentHeader | HeaderProblem {
  const magic = textAt(page, headerOffset.magic, segmentMagic.length);
  if (magic === '\0'.repeat(segmentMagic.length)) return { problem: 'unfinished' };
  if (magic !== segmentMagic) {
    // A format so new that it begins differently is still one of ours.
    const later = /^DEPUTYJ(\d)$/.exec(magic)?.[1];
    if (later !== undefined && later > '1') return { problem: 'newer', found: Number(later) };
    return { problem: 'foreign' };
  }
  const found = page.getUint32(headerOffset.formatVersion, true);
  if (found > segmentFormatVersion) return { problem: 'newer', found };
  if (found < 1) return { problem: 'unknown-format' };
  return {
    segment: page.getFloat64(headerOffset.segment, true),
    epoch: page.getUint32(headerOffset.epoch, true),
    wallClockBaseMs: page.getFloat64(headerOffset.wallClockBaseMs, true),
    openFrom: page.getFloat64(headerOffset.openFrom, true),
    build: textAt(page, headerOffset.build, maximumBuildBytes).replace(/\0+$/, ''),
  };
}

function textAt(page: DataView, at: number, bytes: number): string {
  return new TextDecoder().decode(new Uint8Array(page.buffer, page.byteOffset + at, bytes));
}
