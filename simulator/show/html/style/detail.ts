/** The panel of the selected entry. */
export const detailStyle = `
.detail {
  width: 390px;
  flex: none;
  overflow: auto;
  background: var(--card);
  border-left: 1px solid var(--line);
  padding: 14px 16px 40px;
}
.detail:focus-visible {
  outline-offset: -2px;
}
.detail h2 {
  display: flex;
  align-items: center;
  gap: 9px;
  font-size: 15px;
  line-height: 1.35;
  margin: 0 0 2px;
  overflow-wrap: anywhere;
  font-weight: 650;
}
.detail h2 i {
  font-style: normal;
  color: var(--type);
  flex: none;
  width: 24px;
  height: 24px;
  border: 1.5px solid var(--type);
  border-radius: 50%;
  display: grid;
  place-items: center;
  font-size: 12px;
  font-weight: 400;
}
.detail h2.type-fault i,
.detail h2.type-violation i {
  background: var(--bad);
  color: var(--card);
}
.detail .what {
  color: var(--dim);
  margin: 0 0 10px;
}
.detail h3 {
  font-size: 11px;
  font-weight: 700;
  letter-spacing: 0.06em;
  text-transform: uppercase;
  color: var(--dim);
  margin: 18px 0 6px;
  display: flex;
  gap: 8px;
  align-items: baseline;
}
.detail h3 small {
  font-weight: 400;
  letter-spacing: 0;
  text-transform: none;
}
.broke {
  background: var(--bad-soft);
  border-left: 3px solid var(--bad);
  border-radius: 4px;
  padding: 7px 10px;
  margin: 0 0 10px;
  overflow-wrap: anywhere;
}
.broke b {
  display: block;
  color: var(--bad);
}
.detail dl {
  display: grid;
  grid-template-columns: 76px 1fr;
  gap: 3px 10px;
  margin: 0;
}
.detail dt {
  color: var(--dim);
}
.detail dd {
  margin: 0;
  overflow-wrap: anywhere;
  min-width: 0;
}
.detail dd small {
  color: var(--dim);
  font-size: 12px;
}
.detail a {
  color: var(--accent);
}
.detail .link {
  border: 0;
  background: none;
  padding: 0;
  min-height: 0;
  color: var(--accent);
  text-align: left;
  border-radius: 3px;
}
.detail .link:hover {
  text-decoration: underline;
  background: none;
}
pre {
  margin: 0;
  padding: 9px 11px;
  background: var(--page);
  border: 1px solid var(--line);
  border-radius: 6px;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  line-height: 1.5;
  max-height: 46vh;
  overflow: auto;
}
pre .key {
  color: var(--call);
}
pre .text {
  color: var(--answer);
}
pre .number {
  color: var(--notification);
}
table {
  width: 100%;
  border-collapse: collapse;
  font: 12px var(--mono);
}
td {
  padding: 3px 8px 3px 0;
  border-bottom: 1px solid var(--faint);
  vertical-align: top;
  overflow-wrap: anywhere;
}
td.before {
  color: var(--dim);
  text-decoration: line-through;
  text-decoration-thickness: 1px;
}
td.after {
  color: var(--good);
}
.detail ol {
  list-style: none;
  margin: 0;
  padding: 0;
  border-left: 2px solid var(--line);
}
.detail li button {
  display: flex;
  gap: 8px;
  width: 100%;
  border: 0;
  border-radius: 0 6px 6px 0;
  background: none;
  padding: 3px 8px;
  text-align: left;
  min-height: 26px;
  align-items: baseline;
}
.detail li button:hover {
  background: var(--hover);
}
.detail li code {
  color: var(--dim);
  min-width: 4ch;
  text-align: right;
  flex: none;
  font-size: 11.5px;
}
.detail li i {
  font-style: normal;
  color: var(--type);
  flex: none;
  width: 1em;
  text-align: center;
}
.detail li b {
  font-weight: 550;
  overflow-wrap: anywhere;
}
.detail li small {
  color: var(--dim);
  margin-left: auto;
  white-space: nowrap;
}
.detail .more {
  margin-top: 4px;
  font-size: 12px;
}
@media (max-width: 900px) {
  main {
    flex-direction: column;
  }
  .detail {
    width: auto;
    height: 42%;
    border-left: 0;
    border-top: 1px solid var(--line);
  }
}
`;
