import type { Trace } from '../../trace/schema.js';
import { brokenInvariants } from '../broken-invariants.js';
import { reproduceCommand, traceFacts } from '../facts.js';
import { embeddedJson } from '../safe-json.js';
import { againText } from '../text/violations.js';
import { clientScript } from './client/script.js';
import { escapeHtml } from './escape-html.js';
import { pageBody } from './page-body.js';
import { pageData } from './page-data.js';
import { pageStyle } from './style/page-style.js';

/** What the page needs from outside: the hash that its Content-Security-Policy names its own code by. */
export interface HtmlPorts {
  readonly sha256Base64: (text: string) => string;
}

/** How many broken invariants the head tells; all are marked in the picture. */
const invariantsShown = 5;

/**
 * A trace as one HTML page that works from a file: nothing is fetched, and the policy in its head allows
 * no code but its own. Every string of the trace is text, in the markup as in the data.
 */
export function renderHtml(trace: Trace, ports: HtmlPorts): string {
  const script = clientScript();
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${ports.sha256Base64(script)}'`,
    `style-src 'sha256-${ports.sha256Base64(pageStyle)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  const name = escapeHtml(trace.header.scenario.name, 256);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${name} · seed ${trace.header.seed} · ${trace.end.outcome}</title>
<style>${pageStyle}</style>
</head>
<body>
${pageHead(trace)}
${pageBody}
<script type="application/json" id="data">${embeddedJson(pageData(trace))}</script>
<script>${script}</script>
</body>
</html>
`;
}

function pageHead(trace: Trace): string {
  const { outcome } = trace.end;
  const facts = traceFacts(trace).filter(([label]) => label !== 'scenario' && label !== 'outcome');
  const items = facts.map(([label, text]) => `<div><dt>${label}</dt><dd>${escapeHtml(text)}</dd></div>`);
  const broken = brokenInvariants(trace);
  const told = broken.slice(0, invariantsShown).map(({ invariant, sentence, sequence, again }) => {
    const jump = `<button type="button" class="jump" data-sequence="${sequence}">entry ${sequence}</button>`;
    const later = again.length === 0 ? '' : ` <small>${againText(again)}</small>`;
    const text = `<b>${escapeHtml(invariant, 256)}</b> <span>${escapeHtml(sentence)}</span>`;
    return `<li>${jump} ${text}${later}</li>`;
  });
  const more = broken.length - told.length;
  if (more > 0) told.push(`<li>and ${more} more, marked in the picture</li>`);
  const command = escapeHtml(reproduceCommand(trace.header));
  return `<header>
<div class="title"><h1>${escapeHtml(trace.header.scenario.name, 256)}</h1>
<span class="outcome ${outcome}">${outcome}</span></div>
<dl class="facts">${items.join('')}</dl>
<div class="again"><span>run again</span><code id="command">${command}</code>
<button type="button" id="copy">Copy</button></div>
${told.length === 0 ? '' : `<ul class="violations">${told.join('')}</ul>`}
<noscript>The picture is drawn by the script in this file: allow it, or leave out --html.</noscript>
</header>`;
}
