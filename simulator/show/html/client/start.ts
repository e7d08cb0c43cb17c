/** Puts the page together and goes to the failing step. */
export const startScript = String.raw`
function redraw() {
  layOut();
  drawRows();
  drawMap();
}

async function copyCommand() {
  const button = find('copy');
  try {
    await navigator.clipboard.writeText(find('command').textContent || '');
    button.textContent = 'Copied';
  } catch {
    // Without the right to the clipboard it can still be copied by hand.
    getSelection()?.selectAllChildren(find('command'));
    button.textContent = 'Selected';
  }
}

/** The entry that the page's address names; -1 if it names none. */
function askedFor() {
  return Number(/^#entry-(\d+)$/.exec(location.hash)?.[1] ?? -1);
}

function start() {
  startHeads();
  startFilters();
  startRows();
  startSlider();
  document.addEventListener('keydown', onKey);
  find('help').addEventListener('click', () => keys['?']?.());
  window.addEventListener('hashchange', () => select(askedFor()));
  find('copy').addEventListener('click', copyCommand);
  for (const button of document.querySelectorAll('.violations .jump')) {
    button.addEventListener('click', () =>
      select(Number(/** @type {HTMLElement} */ (button).dataset.sequence)),
    );
  }
  selected = [askedFor(), data.failing].find((sequence) => entryOf(sequence) !== undefined) ?? data.first;
  applyFilter();
  select(selected);
  redraw();
  revealSelected();
  drawRows();
  new ResizeObserver(redraw).observe(find('lanes'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawMap);
  find('lanes').focus({ preventScroll: true });
  document.documentElement.dataset.ready = 'true';
}

start();
`;
