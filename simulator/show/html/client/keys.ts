/** Everything can be done with the keyboard. */
export const keysScript = `
/** What each key does. @type {Record<string, () => void>} */
const keys = {
  ArrowDown: () => selectPlace(placeOf(selected) + 1),
  j: () => selectPlace(placeOf(selected) + 1),
  ArrowUp: () => selectPlace(placeOf(selected) - 1),
  k: () => selectPlace(placeOf(selected) - 1),
  PageDown: () => selectPlace(placeOf(selected) + pageRows()),
  PageUp: () => selectPlace(placeOf(selected) - pageRows()),
  Home: () => selectPlace(0),
  End: () => selectPlace(visible.length - 1),
  c: () => chain[1] !== undefined && select(chain[1]),
  e: () => {
    const effect = effectsOf(selected, 1)[0];
    if (effect !== undefined) select(effect);
  },
  v: () => select(data.failing),
  n: () => selectTrouble(1),
  N: () => selectTrouble(-1),
  r: () => {
    const request = entryOf(selected)?.request;
    if (typeof request === 'string') showRequest(request);
  },
  '/': () => find('text').focus(),
  Escape: () => clearFilter(),
  '?': () => /** @type {HTMLDialogElement} */ (find('keys')).showModal(),
};

function pageRows() {
  return Math.max(1, Math.floor((find('lanes').clientHeight - headsHeight) / rowHeight) - 2);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /** @type {HTMLDialogElement} */ (find('keys')).open)
    return;
  const target = event.target instanceof HTMLElement ? event.target : document.body;
  const typing = target.matches('input[type=search], select');
  if (typing && event.key === 'Escape') {
    find('lanes').focus();
    return clearFilter();
  }
  if (typing && event.key === 'Enter') return find('lanes').focus();
  // The slider has its own arrows, and they mean the same.
  if (typing || (target.matches('input[type=range]') && /^(Arrow|Page|Home|End)/.test(event.key))) return;
  // The panel scrolls with its own.
  if (find('detail').contains(target) && /^(Arrow|Page|Home|End)/.test(event.key)) return;
  const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
  if (act === undefined) return;
  event.preventDefault();
  act();
}
`;
