/** Rows: only those in view exist, whatever the length of the trace. */
export const rowsScript = `
const rowsAround = 12;

function drawRows() {
  const lanes = find('lanes');
  const from = Math.max(0, Math.floor(lanes.scrollTop / rowHeight) - rowsAround);
  const to = Math.min(
    visible.length,
    Math.ceil((lanes.scrollTop + lanes.clientHeight) / rowHeight) + rowsAround,
  );
  const rows = [];
  for (let place = from; place < to; place++) rows.push(makeRow(place));
  find('rows').replaceChildren(...rows);
  if (placeOf(selected) >= from && placeOf(selected) < to)
    lanes.setAttribute('aria-activedescendant', 'row-' + selected);
  else lanes.removeAttribute('aria-activedescendant');
  drawChain(from, to);
}

/** @param {number} place */
function makeRow(place) {
  const entry = /** @type {Entry} */ (entryOf(visible[place]));
  const type = typeOf(entry);
  const failing = entry.sequence === data.failing;
  const row = make('div', 'row type-' + type.name);
  row.id = 'row-' + entry.sequence;
  row.dataset.sequence = String(entry.sequence);
  row.style.top = place * rowHeight + 'px';
  row.setAttribute('role', 'option');
  row.setAttribute('aria-selected', String(entry.sequence === selected));
  row.setAttribute(
    'aria-label',
    entry.sequence +
      ', ' +
      actorOf(entry).id +
      ', ' +
      type.name +
      ' ' +
      entry.name +
      (failing ? ', the failing step' : ''),
  );
  row.classList.toggle('failing', failing);
  row.classList.toggle('selected', entry.sequence === selected);
  row.classList.toggle('in-chain', inChain.has(entry.sequence));
  const before = place > 0 ? entryOf(visible[place - 1]) : undefined;
  const time = make(
    'time',
    before !== undefined && before.timeUs === entry.timeUs ? 'same' : '',
    timeText(entry.timeUs),
  );
  row.append(
    make('div', 'gutter', make('i', '', failing ? '▶' : ''), make('b', '', String(entry.sequence)), time),
  );
  addNode(row, entry, type.glyph);
  return row;
}

/** @param {HTMLElement} row @param {Entry} entry @param {string} glyph */
function addNode(row, entry, glyph) {
  const x = laneX(entry.actor);
  const cause = entryOf(entry.cause);
  const from = cause === undefined || laneOf[cause.actor] === -1 ? x : laneX(cause.actor);
  const [left, right] = [Math.min(from, x), Math.max(from, x)];
  if (from !== x) {
    const arrow = make('div', 'arrow');
    arrow.style.left = left + 'px';
    arrow.style.width = right - left + 'px';
    row.append(arrow);
  }
  const node = make('i', 'node', glyph);
  node.style.left = x - 9 + 'px';
  const label = make('div', 'label', make('b', '', entry.name));
  if (entry.request !== null) label.append(make('small', '', entry.request));
  label.append(make('span', '', summaryOf(entry).slice(0, 400)));
  row.append(node, label);
  placeLabel(label, entry, x, left, right);
}

/**
 * The label stands where it is seen: beside the arrow if there is room, so that it doesn't hide where that
 * comes from, else on it; and at the edge with the actor's name if the lane itself is out of view.
 * @param {HTMLElement} label @param {Entry} entry
 * @param {number} x @param {number} left @param {number} right
 */
function placeLabel(label, entry, x, left, right) {
  const lanes = find('lanes');
  const start = lanes.scrollLeft + gutterWidth;
  const end = lanes.scrollLeft + lanes.clientWidth;
  /** @param {number} edge @param {number} room */
  const rightOf = (edge, room) => {
    label.style.left = edge + 'px';
    label.style.maxWidth = room + 'px';
  };
  /** @param {number} edge @param {number} room */
  const leftOf = (edge, room) => {
    label.style.right = sheetWidth - edge + 'px';
    label.style.maxWidth = room + 'px';
  };
  if (x < start || x > end) {
    label.classList.add('away');
    label.prepend(make('em', '', (x < start ? '← ' : '→ ') + actorOf(entry).id));
    return x < start ? rightOf(start + 6, end - start) : leftOf(end - 6, end - start);
  }
  const gap = 13;
  const after = end - right - gap;
  const before = left - start - gap;
  const within = roomAlong(x, left, right, start, end) - gap;
  if (after >= labelRoom || after >= Math.max(before, within)) return rightOf(right + gap, after);
  if (before >= within) return leftOf(left - gap, before);
  if (x === left) rightOf(x + gap, within);
  else leftOf(x - gap, within);
}

/**
 * The room along the arrow, on the side that it comes from.
 * @param {number} x @param {number} left @param {number} right @param {number} start @param {number} end
 */
function roomAlong(x, left, right, start, end) {
  return x === left ? Math.min(right, end) - x : x - Math.max(left, start);
}

/**
 * Leads a line through the selected entry's causes, as far as they are in view.
 * @param {number} from @param {number} to
 */
function drawChain(from, to) {
  const svg = find('chain');
  svg.style.top = from * rowHeight + 'px';
  svg.style.height = Math.max(0, to - from) * rowHeight + 'px';
  const parts = [];
  /** @param {number} place */
  const y = (place) => (Math.min(to, Math.max(from - 1, place)) - from + 0.5) * rowHeight;
  const seen = chain.map(entryOf).filter((entry) => entry !== undefined && placeOf(entry.sequence) !== -1);
  for (let index = 0; index + 1 < seen.length; index++) {
    const [effect, cause] = [seen[index], seen[index + 1]];
    if (effect === undefined || cause === undefined) break;
    const [low, high] = [placeOf(cause.sequence), placeOf(effect.sequence)];
    if (high < from - 1) break;
    if (low > to) continue;
    parts.push(
      'M' + laneX(cause.actor) + ' ' + y(low) + 'V' + y(high) + (high < to ? 'H' + laneX(effect.actor) : ''),
    );
  }
  const path = svg.querySelector('path');
  if (path !== null) path.setAttribute('d', parts.join(''));
}

function startRows() {
  const lanes = find('lanes');
  let waiting = false;
  lanes.addEventListener('scroll', () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      drawRows();
    });
  });
  find('rows').addEventListener('click', (event) => {
    const row = event.target instanceof Element ? event.target.closest('.row') : null;
    if (row instanceof HTMLElement) select(Number(row.dataset.sequence));
  });
}
`;
