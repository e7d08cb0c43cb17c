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

function start() {
  startHeads();
  startFilters();
  startRows();
  startSlider();
  document.addEventListener('keydown', onKey);
  find('help').addEventListener('click', () => keys['?']?.());
  find('copy').addEventListener('click', copyCommand);
  for (const button of document.querySelectorAll('.violations .jump')) {
    button.addEventListener('click', () =>
      select(Number(/** @type {HTMLElement} */ (button).dataset.sequence)),
    );
  }
  const asked = Number(/^#entry-(\d+)$/.exec(location.hash)?.[1] ?? -1);
  selected = [asked, data.failing].find((sequence) => entryOf(sequence) !== undefined) ?? data.first;
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
