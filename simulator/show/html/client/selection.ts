/** Which entries are visible, which one is selected, and how it hangs together with others. */
export const selectionScript = `
/** What is filtered for; an empty set or text lets all through. */
const wanted = { text: '', request: '', actors: new Set(), types: new Set() };
/** The sequences that match, ascending. @type {number[]} */
let visible = [];
/** Each entry's place among the visible ones, by its index; -1 for those that are not. */
const placeOfIndex = new Int32Array(entries.length);
let selected = -1;
/** The selected entry and its causes, nearest first. @type {number[]} */
let chain = [];
let inChain = new Set();

// The effects of each entry as linked lists: its first one, and each one's next.
const firstEffect = new Int32Array(entries.length).fill(-1);
const nextEffect = new Int32Array(entries.length).fill(-1);
for (let index = entries.length - 1; index >= 0; index--) {
  const cause = entries[index].cause - data.first;
  if (cause < 0) continue;
  nextEffect[index] = firstEffect[cause];
  firstEffect[cause] = index;
}

/** @param {number} sequence @param {number} most @returns {number[]} */
function effectsOf(sequence, most) {
  const found = [];
  for (
    let index = firstEffect[sequence - data.first];
    index !== -1 && found.length < most;
    index = nextEffect[index]
  ) {
    found.push(data.first + index);
  }
  return found;
}

/** @param {number} sequence @returns {number[]} */
function chainOf(sequence) {
  const found = [];
  for (let entry = entryOf(sequence); entry !== undefined; entry = entryOf(entry.cause))
    found.push(entry.sequence);
  return found;
}

/** @param {number} sequence */
function placeOf(sequence) {
  const place = placeOfIndex[sequence - data.first];
  return place === undefined ? -1 : place;
}

/** The place of the visible entry at or before a sequence. @param {number} sequence */
function placeNear(sequence) {
  let low = 0;
  let high = visible.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (visible[middle] <= sequence) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/**
 * Selects an entry and shows it; one that the filter hides brings everything back.
 * @param {number} sequence
 */
function select(sequence) {
  if (entryOf(sequence) === undefined) return;
  if (placeOf(sequence) === -1) clearFilter();
  selected = sequence;
  chain = chainOf(sequence);
  inChain = new Set(chain);
  revealSelected();
  drawRows();
  drawSlider();
  drawDetail();
}

/** @param {number} place */
function selectPlace(place) {
  const sequence = visible[Math.min(visible.length - 1, Math.max(0, place))];
  if (sequence !== undefined) select(sequence);
}

/** The next entry in a direction that is a fault or a broken invariant. @param {number} step */
function selectTrouble(step) {
  for (let place = placeNear(selected) + step; place >= 0 && place < visible.length; place += step) {
    const entry = entryOf(visible[place]);
    if (entry === undefined) return;
    const { name } = typeOf(entry);
    if (name === 'fault' || name === 'violation' || entry.sequence === data.failing)
      return select(entry.sequence);
  }
}
`;
