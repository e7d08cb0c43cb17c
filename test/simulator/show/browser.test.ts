import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { renderHtml } from '../../../simulator/show/html/render-html.js';
import type { Trace } from '../../../simulator/trace/schema.js';
import { Chromium, missingForChromium } from '../../support/chromium.js';
import { describeWhen } from '../../support/describe-when.js';
import { hostileNames, syntheticTrace } from '../../support/synthetic-trace.js';

const sha256Base64 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('base64');

describeWhen(missingForChromium(), 'the picture in a real browser', () => {
  const trace = syntheticTrace({ entries: 10_000, broken: true });
  const failing = trace.end.violations[0]?.sequence ?? -1;
  let directory = '';
  let page: Chromium;

  function write(name: string, what: Trace): string {
    const path = join(directory, name);
    writeFileSync(path, renderHtml(what, { sha256Base64 }));
    return pathToFileURL(path).href;
  }

  /** What went wrong or went out since the page was opened. */
  function troubles(): string[] {
    return page.events.flatMap(({ method, params }) => {
      const told = `${method} ${JSON.stringify(params).slice(0, 300)}`;
      if (['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded'].includes(method))
        return [told];
      if (method !== 'Network.requestWillBeSent') return [];
      const { url } = params['request'] as { url: string };
      return url.startsWith(pathToFileURL(directory).href) ? [] : [told];
    });
  }

  const selected = (): Promise<number> =>
    page.evaluate("Number(document.querySelector('#position').textContent.match(/\\d+/)[0])");
  const rows = (): Promise<number[]> =>
    page.evaluate("[...document.querySelectorAll('.row')].map((row) => Number(row.dataset.sequence))");
  const count = (): Promise<string> => page.evaluate("document.querySelector('#count').textContent");

  /** Is all of the element inside the part of the lanes that can be seen? */
  const isSeen = (selector: string): Promise<boolean> =>
    page.evaluate(`(() => {
      const box = document.querySelector(${JSON.stringify(selector)})?.getBoundingClientRect();
      const lanes = document.querySelector('#lanes').getBoundingClientRect();
      const heads = document.querySelector('#heads').getBoundingClientRect();
      return box !== undefined && box.top >= heads.bottom && box.bottom <= lanes.bottom &&
        box.left >= lanes.left && box.left < lanes.right;
    })()`);

  async function type(text: string): Promise<void> {
    await page.evaluate("document.querySelector('#text').focus()");
    await page.send('Input.insertText', { text });
    await page.drawn();
  }

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-picture-'));
    page = await Chromium.start();
    await page.look(1400, 900, 'light');
  });
  afterAll(async () => {
    await page?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page.events.length = 0;
    await page.open(write('trace.html', trace));
  });

  test('opens with 10,000 entries at the failing step, fetching nothing, without a complaint', async () => {
    expect(await count()).toBe(`${trace.entries.length.toLocaleString('en')} entries`);
    expect(await selected()).toBe(failing);
    expect(await isSeen(`#row-${failing} .node`)).toBe(true);
    expect(
      await page.evaluate(`document.querySelector('#row-${failing}').classList.contains('failing')`),
    ).toBe(true);
    expect(await page.evaluate("document.querySelectorAll('.row.failing').length")).toBe(1);
    expect(await page.evaluate("document.querySelector('.broke').textContent")).toContain(
      'answered at most once',
    );
    // Rows that can't be seen don't exist, or 10,000 would be slow.
    expect((await rows()).length).toBeLessThan(100);
    expect(troubles()).toEqual([]);
  });

  test('tells at its head how to have the same again', async () => {
    const head = await page.evaluate<string>("document.querySelector('header').innerText");
    for (const text of [trace.header.build, 'deputy-sim run supervisor-restart-in-flight --seed 1']) {
      expect(head).toContain(text);
    }
  });

  test('is stepped through by the slider, the buttons and the keyboard', async () => {
    await page.evaluate(`(() => {
      const slider = document.querySelector('#slider');
      slider.value = 1234;
      slider.dispatchEvent(new Event('input'));
    })()`);
    expect(await selected()).toBe(1234);
    expect(await isSeen('#row-1234 .node')).toBe(true);
    await page.click('#next');
    expect(await selected()).toBe(1235);
    await page.click('#slider');
    const middle = await selected();
    expect(Math.abs(middle - trace.entries.length / 2)).toBeLessThan(30);
    await page.press('ArrowRight');
    expect(await selected()).toBe(middle + 1);
    await page.evaluate("document.querySelector('#lanes').focus()");
    for (const [key, sequence] of [
      ['Home', 0],
      ['ArrowDown', 1],
      ['j', 2],
      ['k', 1],
      ['End', trace.entries.length - 1],
      ['v', failing],
    ] as const) {
      await page.press(key);
      expect(await selected(), key).toBe(sequence);
      expect(await isSeen(`#row-${sequence} .node`), key).toBe(true);
    }
    await page.press('c');
    expect(await selected()).toBe(trace.entries[failing]?.cause);
    expect(troubles()).toEqual([]);
  });

  test('shows payload and cause chain of what is clicked, and leads along it', async () => {
    const sequence = failing + 1;
    const target = trace.entries[sequence];
    await page.click(`#row-${sequence} .node`);
    expect(await selected()).toBe(sequence);
    expect(JSON.parse(await page.evaluate("document.querySelector('#detail pre').textContent"))).toEqual(
      target?.detail,
    );
    const chain: number[] = [];
    for (let at = target?.cause ?? null; at !== null; at = trace.entries[at]?.cause ?? null) chain.push(at);
    const shown = await page.evaluate<number[]>(
      `[...document.querySelectorAll('ol[data-list="Cause chain"] button')].map((one) => Number(one.dataset.sequence))`,
    );
    expect(chain.length).toBeGreaterThan(1);
    expect(shown).toEqual(chain.slice(0, 40));
    expect(await page.evaluate("document.querySelector('#chain path').getAttribute('d')")).toMatch(/^M/);
    await page.click('ol[data-list="Cause chain"] li:nth-child(2) button');
    expect(await selected()).toBe(chain[1]);
  });

  test('is filtered by type, actor, text and request; Clear brings all back', async () => {
    const where = (keep: (entry: Trace['entries'][number]) => boolean) => trace.entries.filter(keep).length;
    const total = `of ${trace.entries.length.toLocaleString('en')} entries`;
    await page.click('#types .type-fault');
    const faults = trace.entries.filter(({ type }) => type === 'fault').map(({ sequence }) => sequence);
    expect(await rows()).toEqual(faults);
    expect(await count()).toBe(`${faults.length} ${total}`);
    expect(await page.evaluate("document.querySelectorAll('#heads button:not([hidden])').length")).toBe(
      new Set(trace.entries.filter(({ type }) => type === 'fault').map(({ actor }) => actor)).size,
    );
    await page.click('#clear');
    expect(await count()).toBe(`${trace.entries.length.toLocaleString('en')} entries`);
    await page.evaluate(`(() => {
      const choice = document.querySelector('#actor');
      choice.value = [...choice.options].find((option) => option.textContent === 'event-store').value;
      choice.dispatchEvent(new Event('change'));
    })()`);
    expect(await count()).toBe(`${where(({ actor }) => actor === 'event-store')} ${total}`);
    await page.press('Escape');
    await type('request:r9');
    expect(await count()).toBe(`${where(({ request }) => request === 'r9')} ${total}`);
    await page.press('Escape');
    await type('SIGKILL');
    expect(await rows()).toEqual(faults);
    await type(' nothing like it');
    expect(await rows()).toEqual([]);
    expect(await page.evaluate("document.querySelector('#empty').hidden")).toBe(false);
    await page.press('Escape');
    expect((await rows()).length).toBeGreaterThan(10);
    expect(troubles()).toEqual([]);
  });

  test('is scrolled without a row missing', async () => {
    for (const top of [0, 77_777, 123_456, 10_000_000]) {
      await page.evaluate(`document.querySelector('#lanes').scrollTop = ${top}`);
      await page.drawn();
      const there = await page.evaluate<string>(`(() => {
        const lanes = document.querySelector('#lanes').getBoundingClientRect();
        const found = document.elementFromPoint(lanes.left + 40, lanes.bottom - 40);
        return found.closest('.row') === null ? found.className : 'row';
      })()`);
      expect(there, `${top}`).toBe('row');
    }
  });

  test('differs in light and dark, both legible', async () => {
    const looks: string[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      await page.look(1400, 900, scheme);
      const { page: paper, ink } = await page.evaluate<{ page: string; ink: string }>(
        '(({ backgroundColor, color }) => ({ page: backgroundColor, ink: color }))(getComputedStyle(document.body))',
      );
      const contrast = Math.abs(brightness(paper) - brightness(ink));
      expect(contrast, `${paper} ${ink}`).toBeGreaterThan(180);
      looks.push(`${paper} ${(await page.screenshot()).toString('base64')}`);
    }
    await page.look(1400, 900, 'light');
    expect(looks[0]).not.toBe(looks[1]);
    expect(brightness(looks[0] ?? '')).toBeGreaterThan(brightness(looks[1] ?? ''));
  });

  test('leads to an entry that its address names', async () => {
    await page.open(`${write('trace.html', trace)}#entry-42`);
    expect(await selected()).toBe(42);
    expect(await isSeen('#row-42 .node')).toBe(true);
    await page.press('j');
    await page.click('#detail a');
    expect(await page.evaluate('location.hash')).toBe('#entry-43');
    await page.evaluate("location.hash = '#entry-77'");
    await page.until("document.querySelector('#position').textContent.startsWith('entry 77 ')");
    await page.evaluate("location.hash = '#entry-999999'");
    await page.drawn();
    expect(await selected()).toBe(77);
    expect(troubles()).toEqual([]);
  });

  test('shows hostile strings as the text that they are', async () => {
    page.events.length = 0;
    const hostile = syntheticTrace({ entries: 300, broken: true, hostile: true });
    await page.open(write('hostile.html', hostile));
    await page.press('Home');
    for (let step = 0; step < 40; step++) await page.press('j');
    const found = await page.evaluate<{ title: string; images: number; scripts: number; heading: string }>(
      `({ title: document.title, images: document.querySelectorAll('img, iframe, svg:not(#chain)').length,
         scripts: document.scripts.length, heading: document.querySelector('h1').textContent })`,
    );
    expect(found).toMatchObject({ images: 0, scripts: 2, heading: hostileNames[0] });
    expect(found.title).toContain('<img src=x');
    expect(troubles()).toEqual([]);
  });
});

function brightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map(Number);
  return 0.3 * red + 0.6 * green + 0.1 * blue;
}
