/** Lanes and rows. Heights and widths that the script computes with are set by it. */
export const laneStyle = `
main {
  flex: 1;
  display: flex;
  min-height: 0;
}
.lanes {
  flex: 1;
  min-width: 0;
  overflow: auto;
  position: relative;
  background: var(--page);
  scrollbar-gutter: stable;
  overflow-anchor: none;
}
.lanes:focus-visible {
  outline: none;
}
.heads {
  position: sticky;
  top: 0;
  z-index: 4;
  height: 48px;
  background: var(--card);
  border-bottom: 1px solid var(--line);
  min-width: 100%;
}
.heads .corner {
  position: sticky;
  left: 0;
  z-index: 1;
  width: 152px;
  height: 47px;
  background: var(--card);
  color: var(--dim);
  font-size: 11px;
  display: flex;
  align-items: flex-end;
  gap: 8px;
  padding: 0 0 5px 0;
  border-right: 1px solid var(--line);
}
.heads .corner span:first-child {
  width: 70px;
  text-align: right;
}
.heads .corner span:last-child {
  width: 66px;
  text-align: right;
}
.heads button {
  position: absolute;
  top: 4px;
  height: 40px;
  border: 0;
  border-radius: 6px;
  padding: 0;
  background: none;
  line-height: 1.25;
  text-align: center;
  overflow: hidden;
}
.heads button b,
.heads button small {
  display: block;
  white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis;
}
.heads button b {
  font-weight: 600;
  font-size: 11.5px;
  letter-spacing: -0.015em;
}
.heads button small {
  color: var(--dim);
  font-size: 10.5px;
}
.heads button[aria-pressed="true"] {
  background: var(--chosen);
  box-shadow: inset 0 0 0 1px var(--accent);
}
.sheet {
  position: relative;
  min-width: 100%;
}
#rows,
#lives {
  position: absolute;
  inset: 0 auto auto 0;
  width: 100%;
}
#lives {
  pointer-events: none;
}
.life {
  position: absolute;
  width: 0;
  border-left: 1px solid var(--line);
}
.life.before {
  border-left: 1px dashed var(--line);
  opacity: 0.5;
}
#chain {
  position: absolute;
  left: 0;
  width: 100%;
  pointer-events: none;

  overflow: visible;
}
#chain path {
  fill: none;
  stroke: var(--accent);
  stroke-width: 2;
  stroke-linejoin: round;
  opacity: 0.8;
}
.empty {
  position: sticky;
  left: 0;
  text-align: center;
  color: var(--dim);
  padding: 60px 20px;
  margin: 0;
  width: 100%;
}
`;
