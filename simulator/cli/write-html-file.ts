import { createHash } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import { renderHtml } from '../show/html/render-html.js';
import type { Trace } from '../trace/schema.js';

/** Writes the picture; a file that is there is replaced when the new one is complete. */
export function writeHtmlFile(path: string, trace: Trace): void {
  const html = renderHtml(trace, {
    sha256Base64: (text) => createHash('sha256').update(text, 'utf8').digest('base64'),
  });
  const unfinished = `${path}.unfinished-${process.pid}`;
  try {
    writeFileSync(unfinished, html);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    const message = error instanceof Error ? error.message : String(error);
    const detail = `${escapeText(path, 256)} cannot be written: ${escapeText(message, 500)}`;
    throw deputyError('DEPUTY_E_USAGE', { detail }, error);
  }
}
