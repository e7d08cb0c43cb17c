/** The slider, and the map behind it: where in the trace the troubles are. */
export const sliderScript = `
/**
 * Types that the map shows, the later over the earlier: name, colour, height.
 * @type {[string, string, number][]}
 */
const mapped = [
  ['actor', '--dim', 0.4],
  ['signal', '--signal', 0.55],
  ['fault', '--bad', 0.8],
  ['violation', '--bad', 1],
];

function drawSlider() {
  const slider = findInput('slider');
  const place = placeOf(selected);
  slider.max = String(Math.max(0, visible.length - 1));
  slider.value = String(Math.max(0, place));
  slider.disabled = visible.length === 0;
  const entry = entryOf(selected);
  slider.setAttribute('aria-valuetext', entry === undefined ? '' : 'entry ' + selected + ', ' + entry.name);
  find('position').textContent =
    entry === undefined || place === -1 ? '' : 'entry ' + selected + '  ' + timeText(entry.timeUs) + ' ms';
  findInput('previous').disabled = place <= 0;
  findInput('next').disabled = place === -1 || place >= visible.length - 1;
}

function drawMap() {
  const canvas = /** @type {HTMLCanvasElement} */ (find('map'));
  const { width, height } = canvas.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.scale(scale, scale);
  const colors = getComputedStyle(document.documentElement);
  pen.fillStyle = colors.getPropertyValue('--faint');
  pen.fillRect(0, 4, width, height - 8);
  const last = Math.max(1, visible.length - 1);
  // The thumb's middle can't reach the ends.
  const thumb = 10;
  for (const [name, color, part] of mapped) {
    const type = data.types.findIndex((one) => one.name === name);
    pen.fillStyle = colors.getPropertyValue(color);
    let drawn = -1;
    visible.forEach((sequence, place) => {
      const entry = entryOf(sequence);
      if (
        entry === undefined ||
        (entry.type !== type && !(name === 'violation' && sequence === data.failing))
      )
        return;
      const x = Math.round(thumb / 2 + (place / last) * (width - thumb));
      if (x === drawn) return;
      drawn = x;
      const tall = (height - 8) * part;
      const wide = name === 'violation' ? 3 : 1;
      pen.fillRect(x - (wide - 1) / 2, height - 4 - tall, wide, tall);
    });
  }
}

function startSlider() {
  find('slider').addEventListener('input', () => selectPlace(Number(findInput('slider').value)));
  find('previous').addEventListener('click', () => selectPlace(placeOf(selected) - 1));
  find('next').addEventListener('click', () => selectPlace(placeOf(selected) + 1));
  find('failing').hidden = entryOf(data.failing) === undefined;
  find('failing').addEventListener('click', () => select(data.failing));
}
`;
