/** Colours, light and dark, and what all elements share. Text has a contrast of 4.5 to 1 at least. */
export const colorStyle = `
:root {
  color-scheme: light dark;
  --page: #f6f7f8;
  --card: #fff;
  --ink: #1b1f24;
  --dim: #5f6873;
  --line: #dde1e6;
  --faint: #eceef1;
  --hover: #f0f3f7;
  --accent: #2f50c9;
  --chosen: #e4eafc;
  --chain: #f1f4fe;
  --bad: #b91c1c;
  --bad-soft: #fdecec;
  --good: #0f7040;
  --warn: #8a5300;
  --step: #59626d;
  --call: #2f50c9;
  --notification: #7431bd;
  --answer: #0f7040;
  --signal: #8a5300;
  --event: #0a6475;
  --shadow: 0 1px 3px rgb(20 25 35 / 0.12);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101216;
    --card: #171a20;
    --ink: #e4e7eb;
    --dim: #98a1ad;
    --line: #2b3039;
    --faint: #1f232a;
    --hover: #1d2129;
    --accent: #93a9ff;
    --chosen: #232c4a;
    --chain: #1a2030;
    --bad: #ff8078;
    --bad-soft: #3a1a1c;
    --good: #62d29b;
    --warn: #efb35c;
    --step: #a6afbb;
    --call: #93a9ff;
    --notification: #c8a1ff;
    --answer: #62d29b;
    --signal: #efb35c;
    --event: #5ccadb;
    --shadow: 0 1px 3px rgb(0 0 0 / 0.5);
  }
}
* {
  box-sizing: border-box;
}
html,
body {
  height: 100%;
}
body {
  margin: 0;
  display: flex;
  flex-direction: column;
  background: var(--page);
  color: var(--ink);
  font: 13px / 1.45 var(--sans);
  -webkit-font-smoothing: antialiased;
}
button,
input,
select {
  font: inherit;
  color: inherit;
}
button,
select,
input[type="search"] {
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 6px;
  padding: 3px 9px;
  min-height: 28px;
}
button {
  cursor: pointer;
}
button:hover:not(:disabled) {
  background: var(--hover);
}
button:disabled {
  opacity: 0.45;
  cursor: default;
}
:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 1px;
}
code,
kbd,
pre {
  font-family: var(--mono);
  font-size: 12px;
}
[hidden] {
  display: none !important;
}
.type-actor {
  --type: var(--ink);
}
.type-step,
.type-state,
.type-note {
  --type: var(--step);
}
.type-call,
.type-completion {
  --type: var(--call);
}
.type-notification {
  --type: var(--notification);
}
.type-answer {
  --type: var(--answer);
}
.type-signal,
.type-assumed {
  --type: var(--signal);
}
.type-event {
  --type: var(--event);
}
.type-fault,
.type-violation {
  --type: var(--bad);
}
`;
