import { escapeText } from '../../../core/events/escape-text.js';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for the inside of an HTML element or a quoted attribute. */
export function escapeHtml(text: string, maximumLength = 4096): string {
  return escapeText(text, maximumLength).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
