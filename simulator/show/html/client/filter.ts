/** Filters by actor, type and text. */
export const filterScript = String.raw`
/** What the text filter looks through, made when it is first needed. @type {string[]} */
const searchTexts = [];

/** @param {number} index */
function searchText(index) {
  const known = searchTexts[index];
  if (known !== undefined) return known;
  const entry = entries[index];
  const actor = actorOf(entry);
  const parts = [
    entry.name,
    typeOf(entry).name,
    actor.id,
    actor.label,
    entry.request || '',
    JSON.stringify(entry.detail),
  ];
  return (searchTexts[index] = parts.join('\n').toLowerCase());
}

/** @param {number} index */
function matchesButActor(index) {
  const entry = entries[index];
  if (wanted.types.size > 0 && !wanted.types.has(entry.type)) return false;
  if (wanted.request !== '' && entry.request !== wanted.request) return false;
  return wanted.text === '' || searchText(index).includes(wanted.text);
}

/** @param {number} index */
function matches(index) {
  return (wanted.actors.size === 0 || wanted.actors.has(entries[index].actor)) && matchesButActor(index);
}

function applyFilter() {
  visible = [];
  for (let index = 0; index < entries.length; index++) {
    const shown = matches(index);
    placeOfIndex[index] = shown ? visible.length : -1;
    if (shown) visible.push(data.first + index);
  }
  const all = visible.length === entries.length;
  const left = data.before + data.after;
  const total = entries.length.toLocaleString('en') + ' entries';
  find('count').textContent =
    (all ? total : visible.length.toLocaleString('en') + ' of ' + total) +
    (left > 0 ? ' (' + left.toLocaleString('en') + ' more left out)' : '');
  find('empty').hidden = visible.length > 0;
  findInput('clear').disabled = all;
  for (const button of find('types').children) {
    const type = Number(/** @type {HTMLElement} */ (button).dataset.type);
    button.setAttribute('aria-pressed', String(wanted.types.has(type)));
  }
  drawActorChoice();
  layOut();
  drawMap();
  if (visible.length > 0 && placeOf(selected) === -1) selectPlace(placeNear(selected));
  else {
    revealSelected();
    drawRows();
    drawSlider();
  }
}

/** Reads what was typed: 'request:r9' is exact, the rest is looked for anywhere. */
function applyText() {
  const words = findInput('text')
    .value.split(' ')
    .filter((word) => word !== '');
  const requests = words.filter((word) => word.startsWith('request:'));
  wanted.request = requests.length === 0 ? '' : requests[requests.length - 1].slice('request:'.length);
  wanted.text = words
    .filter((word) => !word.startsWith('request:'))
    .join(' ')
    .toLowerCase();
  applyFilter();
}

function clearFilter() {
  findInput('text').value = '';
  wanted.text = '';
  wanted.request = '';
  wanted.actors.clear();
  wanted.types.clear();
  applyFilter();
}

/** @param {Set<number>} set @param {number} value */
function toggle(set, value) {
  if (!set.delete(value)) set.add(value);
  applyFilter();
}

function drawActorChoice() {
  const choice = /** @type {HTMLSelectElement} */ (find('actor'));
  const many = choice.options[1];
  many.hidden = wanted.actors.size < 2;
  many.textContent = wanted.actors.size + ' actors';
  choice.value =
    wanted.actors.size === 0 ? '' : wanted.actors.size > 1 ? 'many' : String([...wanted.actors][0]);
  for (const button of find('heads').querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(wanted.actors.has(Number(button.dataset.actor))));
  }
}

function startFilters() {
  const counts = data.types.map(() => 0);
  for (const entry of entries) counts[entry.type] += 1;
  data.types.forEach((type, index) => {
    if (counts[index] === 0) return;
    const count = make('span', '', counts[index].toLocaleString('en'));
    const button = makeButton(
      'type-' + type.name,
      () => toggle(wanted.types, index),
      make('i', '', type.glyph),
      type.name,
      count,
    );
    button.dataset.type = String(index);
    button.title = type.meaning + '; click to see only this type';
    find('types').append(button);
  });
  const choice = find('actor');
  /** @param {string} value @param {string} text */
  const option = (value, text) => {
    const element = /** @type {HTMLOptionElement} */ (make('option', '', text));
    element.value = value;
    choice.append(element);
  };
  option('', 'all actors');
  option('many', '');
  data.actors.forEach(({ id, label }, index) =>
    option(String(index), label === id || label === '' ? id : id + ' (' + label + ')'),
  );
  choice.addEventListener('change', () => {
    const { value } = /** @type {HTMLSelectElement} */ (choice);
    wanted.actors.clear();
    if (value !== '' && value !== 'many') wanted.actors.add(Number(value));
    applyFilter();
  });
  find('text').addEventListener('input', applyText);
  find('clear').addEventListener('click', clearFilter);
}
`;
