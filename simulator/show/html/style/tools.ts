/** The slider and the filters. */
export const toolStyle = `
.tools {
  background: var(--card);
  border-top: 1px solid var(--faint);
  border-bottom: 1px solid var(--line);
  padding: 8px 16px;
  display: flex;
  flex-direction: column;
  gap: 8px;
  box-shadow: var(--shadow);
  z-index: 5;
}
.steps,
.filters {
  display: flex;
  align-items: center;
  gap: 8px;
}
.filters {
  flex-wrap: wrap;
}
.track {
  position: relative;
  flex: 1;
  height: 30px;
  min-width: 120px;
}
.track canvas {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 30px;
}
.track input {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 30px;
  margin: 0;
  background: none;
  appearance: none;
  cursor: pointer;
  border-radius: 4px;
}
.track input::-webkit-slider-runnable-track {
  height: 30px;
  background: none;
}
.track input::-moz-range-track {
  height: 30px;
  background: none;
}
.track input::-webkit-slider-thumb {
  appearance: none;
  width: 10px;
  height: 30px;
  border-radius: 4px;
  background: var(--accent);
  border: 2px solid var(--card);
  box-shadow: 0 0 0 1px var(--accent);
}
.track input::-moz-range-thumb {
  width: 6px;
  height: 26px;
  border-radius: 4px;
  background: var(--accent);
  border: 2px solid var(--card);
  box-shadow: 0 0 0 1px var(--accent);
}
#position {
  font-family: var(--mono);
  font-size: 12px;
  min-width: 23ch;
  text-align: right;
  white-space: pre;
}
#text {
  width: 250px;
}
#actor {
  max-width: 210px;
}
.types {
  display: flex;
  flex-wrap: wrap;
  gap: 4px;
}
.types button {
  display: flex;
  align-items: center;
  gap: 5px;
  border-radius: 99px;
  padding: 1px 9px;
  min-height: 26px;
  font-size: 12px;
}
.types i {
  font-style: normal;
  color: var(--type);
  width: 1em;
  text-align: center;
}
.types span {
  color: var(--dim);
  font-size: 11px;
  font-variant-numeric: tabular-nums;
}
.types button[aria-pressed="true"] {
  background: var(--chosen);
  border-color: var(--accent);
}
#count {
  color: var(--dim);
  margin-left: auto;
  white-space: nowrap;
  font-variant-numeric: tabular-nums;
}
#failing {
  color: var(--bad);
  border-color: currentColor;
  white-space: nowrap;
}
`;
