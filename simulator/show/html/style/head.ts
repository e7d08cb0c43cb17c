/** The page's head, and the list of keys. */
export const headStyle = `
header {
  padding: 12px 16px 10px;
  background: var(--card);
  display: flex;
  flex-wrap: wrap;
  gap: 6px 20px;
  align-items: center;
}
.title {
  display: flex;
  align-items: center;
  gap: 10px;
  min-width: 0;
}
h1 {
  font-size: 17px;
  line-height: 1.3;
  font-weight: 650;
  margin: 0;
  overflow-wrap: anywhere;
  letter-spacing: -0.01em;
}
.outcome {
  font-size: 11px;
  font-weight: 700;
  letter-spacing: 0.06em;
  text-transform: uppercase;
  border-radius: 99px;
  padding: 2px 10px;
  border: 1px solid currentColor;
}
.outcome.broken {
  color: var(--bad);
  background: var(--bad-soft);
}
.outcome.held {
  color: var(--good);
}
.outcome.inconclusive {
  color: var(--warn);
}
.facts {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 18px;
  margin: 0;
  order: 3;
  width: 100%;
  font-size: 12px;
}
.facts div {
  display: flex;
  gap: 6px;
  min-width: 0;
}
.facts dt {
  color: var(--dim);
}
.facts dd {
  margin: 0;
  font-family: var(--mono);
  font-size: 11.5px;
  overflow-wrap: anywhere;
}
.again {
  display: flex;
  align-items: center;
  gap: 8px;
  margin-left: auto;
  min-width: 0;
  max-width: 100%;
}
.again span {
  color: var(--dim);
  white-space: nowrap;
}
.again code {
  background: var(--page);
  border: 1px solid var(--line);
  border-radius: 6px;
  padding: 4px 9px;
  overflow-wrap: anywhere;
  user-select: all;
}
.violations {
  order: 4;
  width: 100%;
  margin: 4px 0 0;
  padding: 7px 12px;
  list-style: none;
  background: var(--bad-soft);
  border-left: 3px solid var(--bad);
  border-radius: 4px;
  max-height: 22vh;
  overflow: auto;
}
.violations li {
  padding: 2px 0;
  overflow-wrap: anywhere;
}
.violations b {
  color: var(--bad);
  margin: 0 6px;
}
.violations small {
  color: var(--dim);
  margin-left: 6px;
}
.violations .jump {
  min-height: 22px;
  padding: 0 8px;
  font-size: 12px;
}
noscript {
  order: 5;
  width: 100%;
  color: var(--bad);
}
dialog {
  border: 1px solid var(--line);
  border-radius: 10px;
  background: var(--card);
  color: var(--ink);
  padding: 18px 24px;
  min-width: 340px;
  box-shadow: 0 10px 40px rgb(0 0 0 / 0.3);
}
dialog::backdrop {
  background: rgb(0 0 0 / 0.35);
}
dialog h2 {
  margin: 0 0 10px;
  font-size: 15px;
}
dialog dl {
  margin: 0 0 14px;
}
dialog dl div {
  display: flex;
  gap: 12px;
  padding: 3px 0;
}
dialog dt {
  width: 130px;
}
dialog dd {
  margin: 0;
}
kbd {
  border: 1px solid var(--line);
  border-bottom-width: 2px;
  border-radius: 4px;
  padding: 0 5px;
  background: var(--page);
}
`;
