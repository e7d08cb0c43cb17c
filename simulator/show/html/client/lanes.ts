/** Where lanes lie, their heads, and the lines of the actors' lives. */
export const lanesScript = `
const rowHeight = 26;
const gutterWidth = 152;
const headsHeight = 48;
const labelRoom = 300;
const laneNarrowest = 90;
const laneWidest = 190;
let laneWidth = laneNarrowest;
let sheetWidth = 0;

/** Each actor's lane; -1 for those that have nothing to show. @type {number[]} */
let laneOf = [];

/** The middle of an actor's lane. @param {number} actor */
function laneX(actor) {
  return gutterWidth + laneWidth * Math.max(0, laneOf[actor] ?? 0) + laneWidth / 2;
}

/** Numbers the lanes: an actor has one if anything of it matches, be it chosen or not. */
function numberLanes() {
  const present = new Set();
  for (let index = 0; index < entries.length; index++)
    if (matchesButActor(index)) present.add(entries[index].actor);
  let lanes = 0;
  laneOf = data.actors.map((_, actor) => (present.has(actor) ? lanes++ : -1));
  return lanes;
}

/** Where an actor's first and last visible entries are. @returns {[number, number][]} */
function livesOf() {
  /** @type {[number, number][]} */
  const lives = data.actors.map(() => [-1, -1]);
  visible.forEach((sequence, place) => {
    const entry = entryOf(sequence);
    const life = entry === undefined ? undefined : lives[entry.actor];
    if (life === undefined) return;
    if (life[0] === -1) life[0] = place;
    life[1] = place;
  });
  return lives;
}

/** Gives the lanes the room there is; the rest is scrolled to. */
function layOut() {
  const room = find('lanes').clientWidth;
  const lanes = numberLanes();
  // Names in the last lanes stand left of them, so that no room is kept for those.
  const wish = (room - gutterWidth) / Math.max(1, lanes);
  laneWidth = Math.floor(Math.min(laneWidest, Math.max(laneNarrowest, wish)));
  sheetWidth = Math.max(room, gutterWidth + laneWidth * lanes);
  find('sheet').style.width = sheetWidth + 'px';
  find('heads').style.width = sheetWidth + 'px';
  find('sheet').style.height = visible.length * rowHeight + 'px';
  for (const button of find('heads').querySelectorAll('button')) {
    const actor = Number(button.dataset.actor);
    button.hidden = laneOf[actor] === -1;
    button.style.left = laneX(actor) - laneWidth / 2 + 1 + 'px';
    button.style.width = laneWidth - 2 + 'px';
  }
  find('lives').replaceChildren(
    ...livesOf().flatMap(([first, last], actor) => {
      if (laneOf[actor] === -1) return [];
      if (first === -1) return [lifeLine(actor, 0, visible.length, true)];
      const top = first + 0.5;
      return [
        lifeLine(actor, 0, top, true),
        lifeLine(actor, top, last + 0.5, false),
        lifeLine(actor, last + 0.5, visible.length, true),
      ];
    }),
  );
}

/** @param {number} actor @param {number} from @param {number} to @param {boolean} before */
function lifeLine(actor, from, to, before) {
  const line = make('div', before ? 'life before' : 'life');
  line.style.left = laneX(actor) + 'px';
  line.style.top = from * rowHeight + 'px';
  line.style.height = (to - from) * rowHeight + 'px';
  return line;
}

function startHeads() {
  const corner = make('div', 'corner', make('span', '', 'entry'), make('span', '', 'ms'));
  const buttons = data.actors.map(({ id, kind, label }, index) => {
    const slash = id.lastIndexOf('/');
    const below = slash !== -1 ? id.slice(0, slash) : label !== id && label !== '' ? label : kind;
    const name = slash !== -1 ? id.slice(slash + 1) : id;
    const button = makeButton(
      '',
      () => toggle(wanted.actors, index),
      make('b', '', name),
      make('small', '', below),
    );
    button.dataset.actor = String(index);
    button.title =
      id +
      (label !== id && label !== '' ? ' (' + label + ')' : '') +
      ', ' +
      kind +
      '; click to see only this actor';
    return button;
  });
  find('heads').append(corner, ...buttons);
}

/** Scrolls so that the selected entry is seen, without moving what is seen already. */
function revealSelected() {
  const place = placeOf(selected);
  const entry = entryOf(selected);
  if (place === -1 || entry === undefined) return;
  const lanes = find('lanes');
  const top = place * rowHeight;
  const height = lanes.clientHeight - headsHeight;
  if (top < lanes.scrollTop + rowHeight || top > lanes.scrollTop + height - 2 * rowHeight) {
    lanes.scrollTop = top - height / 2;
  }
  const x = laneX(entry.actor);
  if (x - laneWidth / 2 < lanes.scrollLeft + gutterWidth) lanes.scrollLeft = x - gutterWidth - laneWidth;
  else if (x + laneWidth > lanes.scrollLeft + lanes.clientWidth) {
    lanes.scrollLeft = x + Math.min(labelRoom, lanes.clientWidth / 2) - lanes.clientWidth;
  }
}
`;
