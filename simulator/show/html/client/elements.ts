/** The data by name, the page's elements, and how new ones are made: text is only ever set as text. */
export const elementsScript = String.raw`
/** @typedef {{sequence: number, timeUs: number, actor: number, type: number, name: string,
 * detail: Record<string, unknown>, cause: number, request: string | null,
 * changes: [string, string | null, string | null][] | null}} Entry */

/** @type {{types: {name: string, glyph: string, meaning: string}[],
 * actors: {id: string, kind: string, label: string}[], first: number, before: number, after: number,
 * failing: number, violations: {invariant: string, sentence: string, sequence: number}[],
 * entries: [number, number, number, string, Record<string, unknown>, number, string | null,
 * [string, string | null, string | null][] | null][]}} */
const data = JSON.parse(find('data').textContent || '{}');

/** @type {Entry[]} */
const entries = data.entries.map(([timeUs, actor, type, name, detail, cause, request, changes], index) => ({
  sequence: data.first + index,
  timeUs,
  actor,
  type,
  name,
  detail,
  cause,
  request,
  changes,
}));

/** @param {number} sequence @returns {Entry | undefined} */
function entryOf(sequence) {
  return entries[sequence - data.first];
}

/** @param {string} id @returns {HTMLElement} */
function find(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error('no element ' + id);
  return element;
}

/** @param {string} id @returns {HTMLInputElement} */
function findInput(id) {
  return /** @type {HTMLInputElement} */ (find(id));
}

/**
 * @param {string} tag @param {string} className @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** @param {string} className @param {() => void} act @param {...(Node | string)} children */
function makeButton(className, act, ...children) {
  const button = /** @type {HTMLButtonElement} */ (make('button', className, ...children));
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}

/** @param {Entry} entry */
function typeOf(entry) {
  return data.types[entry.type] || { name: 'note', glyph: '', meaning: '' };
}

/** @param {Entry} entry */
function actorOf(entry) {
  return data.actors[entry.actor] || { id: '', kind: '', label: '' };
}

/** @param {number} timeUs */
function timeText(timeUs) {
  return Math.floor(timeUs / 1000) + '.' + String(timeUs % 1000).padStart(3, '0');
}

/** @param {unknown} value @returns {string} */
function valueText(value) {
  if (typeof value === 'string' && /^[\w./:@+-]{1,256}$/.test(value)) return value;
  return JSON.stringify(value);
}

/** @param {Entry} entry @returns {string} */
function summaryOf(entry) {
  if (entry.changes !== null) {
    return (
      entry.changes
        .map(
          ([path, before, after]) =>
            path + ': ' + (before === null ? '' : before + '→') + (after ?? '(none)'),
        )
        .join('  ') || '(nothing changed)'
    );
  }
  return Object.entries(entry.detail)
    .map(([key, value]) => key + '=' + valueText(value))
    .join(' ');
}
`;
