/** The panel: what the selected entry says, why it came about, what came of it. */
export const detailScript = String.raw`
const listMost = 40;
const payloadMost = 50000;

function drawDetail() {
  const entry = entryOf(selected);
  const panel = find('detail');
  if (entry === undefined) return panel.replaceChildren();
  const type = typeOf(entry);
  const kind = type.name === 'state' ? 'a state' : type.meaning;
  const parts = [
    make('h2', 'type-' + type.name, make('i', '', type.glyph), make('span', '', entry.name)),
    make('p', 'what', kind + (entry.sequence === data.failing ? ', the failing step' : '')),
    ...data.violations
      .filter(({ sequence }) => sequence === entry.sequence)
      .slice(0, listMost)
      .map(({ invariant, sentence }) => make('div', 'broke', make('b', '', invariant), sentence)),
    factsOf(entry),
    ...changesOf(entry),
    make('h3', '', 'Payload'),
    payloadOf(entry.detail),
    ...listOf('Cause chain', 'nearest first', chain.slice(1), 'It has no cause in this trace.'),
    ...listOf('Effects', '', effectsOf(entry.sequence, listMost * 5), 'Nothing names it as its cause.'),
  ];
  panel.replaceChildren(...parts);
  panel.scrollTop = 0;
}

/** @param {Entry} entry */
function factsOf(entry) {
  const actor = actorOf(entry);
  const facts = make('dl', '');
  /** @param {string} name @param {...(Node | string)} value */
  const add = (name, ...value) => facts.append(make('dt', '', name), make('dd', '', ...value));
  const cause = entryOf(entry.cause);
  const since = cause === undefined ? '' : ' ' + (entry.timeUs - cause.timeUs) + ' µs after its cause';
  const link = /** @type {HTMLAnchorElement} */ (make('a', '', String(entry.sequence)));
  link.href = '#entry-' + entry.sequence;
  link.title = 'The address of this entry';
  add('entry', link);
  add('time', timeText(entry.timeUs) + ' ms', make('small', '', since));
  const names = actor.label === actor.id || actor.label === '' ? actor.kind : actor.label + ', ' + actor.kind;
  add('actor', actor.id, make('small', '', ' ' + names));
  const { request } = entry;
  if (request !== null)
    add(
      'request',
      makeButton('link', () => showRequest(request), request),
    );
  return facts;
}

/** @param {string} request */
function showRequest(request) {
  findInput('text').value = 'request:' + request;
  wanted.actors.clear();
  wanted.types.clear();
  applyText();
}

/** @param {Entry} entry @returns {HTMLElement[]} */
function changesOf({ changes }) {
  if (changes === null) return [];
  const rows = changes.map(([path, before, after]) =>
    make(
      'tr',
      '',
      make('td', '', path),
      make('td', 'before', before ?? ''),
      make('td', 'after', after ?? '(none)'),
    ),
  );
  const table = make('table', '', make('tbody', '', ...rows));
  return [
    make('h3', '', 'Changed'),
    rows.length === 0 ? make('p', 'what', 'Nothing since it was last told.') : table,
  ];
}

/** A list of plain values, as JSON.stringify lays it out: a line each. */
const flatList = /\[\n\s+[^[\]{}]*?\n\s*\]/g;

/** The same in one line, if that is short. @param {string} list */
function oneLine(list) {
  const short = list.replace(/\n\s*/g, ' ');
  return short.length <= 90 ? short.replace('[ ', '[').replace(/ \]$/, ']') : list;
}

/** JSON with its words told apart by colour. @param {unknown} value */
function payloadOf(value) {
  const text = JSON.stringify(value, null, 2).replace(flatList, oneLine).slice(0, payloadMost);
  const block = make('pre', '');
  let end = 0;
  for (const match of text.matchAll(
    /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\b(?:true|false|null)\b/gi,
  )) {
    block.append(text.slice(end, match.index));
    const [word, quoted, colon] = match;
    const look = quoted === undefined ? 'number' : colon === undefined ? 'text' : 'key';
    block.append(make('span', look, quoted ?? word), colon ?? '');
    end = match.index + word.length;
  }
  block.append(text.slice(end));
  return block;
}

/** @param {string} title @param {string} order @param {number[]} sequences @param {string} none */
function listOf(title, order, sequences, none) {
  const head = make('h3', '', title);
  if (sequences.length > 0)
    head.append(make('small', '', sequences.length + (order === '' ? '' : ', ' + order)));
  if (sequences.length === 0) return [head, make('p', 'what', none)];
  const list = make('ol', '');
  list.dataset.list = title;
  /** @param {number} from @param {number} to */
  const add = (from, to) => list.append(...sequences.slice(from, to).map(listItem));
  add(0, listMost);
  const rest = sequences.length - listMost;
  if (rest <= 0) return [head, list];
  const more = makeButton(
    'more',
    () => {
      more.remove();
      add(listMost, sequences.length);
    },
    rest.toLocaleString('en') + ' more',
  );
  return [head, list, more];
}

/** @param {number} sequence */
function listItem(sequence) {
  const entry = /** @type {Entry} */ (entryOf(sequence));
  const type = typeOf(entry);
  const button = makeButton(
    '',
    () => select(sequence),
    make('code', '', String(sequence)),
    make('i', '', type.glyph),
    make('b', '', entry.name),
    make('small', '', actorOf(entry).id),
  );
  button.dataset.sequence = String(sequence);
  return make('li', 'type-' + type.name, button);
}
`;
