import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { htmlEntriesMaximum, pageData } from '../../../simulator/show/html/page-data.js';
import { renderHtml } from '../../../simulator/show/html/render-html.js';
import { hostileNames, syntheticTrace } from '../../support/synthetic-trace.js';

const sha256Base64 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('base64');

describe('the HTML of a trace', () => {
  const html = renderHtml(syntheticTrace({ entries: 200, broken: true, hostile: true }), { sha256Base64 });

  test('names its own code and style in its policy, and allows nothing else', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${sha256Base64(script)}'`,
      `style-src 'sha256-${sha256Base64(style)}'`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ]);
    // Before the policy stands nothing that it would have had to allow.
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'));
  });

  test('fetches nothing and has no handler in its markup', () => {
    const markup = html.replace(/(<(script|style)[^>]*>)[\s\S]*?(<\/\2>)/g, '$1$3');
    const tags = markup.match(/<[a-z][^>]*>/g) ?? [];
    expect(tags.length).toBeGreaterThan(50);
    expect(
      tags.filter((tag) => /<(link|iframe|object|embed|base|img)|\s(src|href|style|on\w+)=/.test(tag)),
    ).toEqual([]);
    const code = html.match(/<(script|style)>[\s\S]*?<\/\1>/g)?.join('') ?? '';
    expect(code).not.toMatch(
      /https?:|@import|url\(|fetch\(|XMLHttp|import\(|WebSocket|innerHTML|eval\(|Function\(/,
    );
  });

  test('has the names of a hostile target as text only', () => {
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<svg/');
    expect(html).not.toContain('<!--');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(html).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/);
    const data = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
    expect(data).toMatch(/^[ -;=?-~]*$/);
    expect(JSON.stringify(JSON.parse(data))).toContain(JSON.stringify(hostileNames[1]).slice(1, -1));
  });

  test('is the same for the same trace', () => {
    const again = renderHtml(syntheticTrace({ entries: 200, broken: true, hostile: true }), { sha256Base64 });
    expect(again).toBe(html);
  });

  test('is bounded, with the failing step inside', () => {
    const trace = syntheticTrace({ entries: 100, broken: true });
    const [entry] = trace.entries;
    const many = Array.from({ length: htmlEntriesMaximum + 500 }, (_, sequence) => ({ ...entry, sequence }));
    const violations = trace.end.violations.map((one) => ({ ...one, sequence: htmlEntriesMaximum + 100 }));
    const long = { ...trace, entries: many as typeof trace.entries, end: { ...trace.end, violations } };
    const data = pageData(long);
    expect(data.entries).toHaveLength(htmlEntriesMaximum);
    expect(data.before + data.after).toBe(500);
    expect(data.failing).toBeGreaterThan(data.first);
    expect(data.failing).toBeLessThan(data.first + htmlEntriesMaximum);
  });
});
