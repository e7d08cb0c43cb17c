/** A row: gutter, arrow from its cause, node, label. */
export const rowStyle = `
.row {
  position: absolute;
  left: 0;
  width: 100%;
  height: 26px;
  display: flex;
  align-items: center;
  cursor: pointer;
}
.row:hover {
  background: var(--hover);
}
.row.in-chain {
  background: var(--chain);
}
.row.selected {
  background: var(--chosen);
}
.row.failing {
  background: var(--bad-soft);
}
.lanes:focus-visible .row.selected {
  box-shadow: inset 3px 0 0 var(--accent);
}
.row.failing.selected {
  box-shadow: inset 0 0 0 1.5px var(--bad);
}
.gutter {
  position: sticky;
  left: 0;
  z-index: 3;
  width: 152px;
  height: 26px;
  flex: none;
  display: flex;
  align-items: center;
  gap: 8px;
  background: var(--page);
  border-right: 1px solid var(--line);
  font: 11.5px var(--mono);
  color: var(--dim);
  font-variant-numeric: tabular-nums;
}
.row:hover .gutter {
  background: var(--hover);
}
.row.in-chain .gutter {
  background: var(--chain);
}
.row.selected .gutter {
  background: var(--chosen);
  color: var(--ink);
}
.row.failing .gutter {
  background: var(--bad-soft);
  color: var(--bad);
  font-weight: 700;
}
.gutter i {
  font-style: normal;
  width: 18px;
  text-align: center;
  color: var(--bad);
}
.gutter b {
  font-weight: inherit;
  width: 44px;
  text-align: right;
}
.gutter time {
  width: 66px;
  text-align: right;
}
.gutter time.same {
  opacity: 0.4;
}
.arrow {
  position: absolute;
  height: 0;
  border-top: 1.5px solid var(--type);
  opacity: 0.45;
  pointer-events: none;
}
.node {
  position: absolute;
  width: 18px;
  height: 18px;
  border-radius: 50%;
  display: grid;
  place-items: center;
  font: 10px / 1 var(--sans);
  font-style: normal;
  color: var(--type);
  background: var(--card);
  border: 1.5px solid var(--type);
  z-index: 1;
}
.type-step .node,
.type-note .node {
  width: 10px;
  height: 10px;
  font-size: 0;
  background: var(--type);
  border-color: var(--page);
  margin: 4px;
}
.type-note .node {
  opacity: 0.6;
}
.type-state .node {
  border-radius: 4px;
}
.type-event .node {
  border-radius: 4px;
}
.type-assumed .node {
  border-style: dashed;
}
.type-fault .node,
.type-violation .node {
  background: var(--bad);
  color: var(--card);
  border-color: var(--bad);
}
.type-violation .node {
  border-radius: 4px;
}
.label {
  position: absolute;
  height: 22px;
  display: flex;
  align-items: center;
  gap: 7px;
  padding: 0 7px;
  white-space: nowrap;
  overflow: hidden;
  border-radius: 5px;
  background: var(--page);
  z-index: 1;
}
.row:hover .label {
  background: var(--hover);
}
.row.in-chain .label {
  background: var(--chain);
}
.row.selected .label {
  background: var(--chosen);
}
.row.failing .label {
  background: var(--bad-soft);
}
.label em {
  font-style: normal;
  font-size: 11px;
  color: var(--dim);
  flex: none;
}
.label b {
  font-weight: 550;
  color: var(--type);
}
.type-step .label b,
.type-actor .label b {
  color: var(--ink);
}
.type-fault .label b,
.type-violation .label b,
.row.failing .label b {
  font-weight: 700;
  color: var(--bad);
}
.label small {
  font-size: 11px;
  color: var(--dim);
  border: 1px solid var(--line);
  border-radius: 4px;
  padding: 0 4px;
  flex: none;
}
.label span {
  font: 11.5px var(--mono);
  color: var(--dim);
  overflow: hidden;
  text-overflow: ellipsis;
  min-width: 0;
}
`;
