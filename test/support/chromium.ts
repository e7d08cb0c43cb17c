import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { findCommand } from '../lab/paths.js';

/** What a test in a browser needs. */
export function missingForChromium(): readonly string[] {
  return findCommand('chromium') === undefined ? ['chromium (node test/setup/prepare.mjs --browser)'] : [];
}

/** A message of the DevTools protocol that nobody asked for. */
export interface BrowserEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A headless Chromium with one page, driven by the DevTools protocol over a pipe: no port, no package. */
export class Chromium {
  readonly events: BrowserEvent[] = [];
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (message: Answer) => void>();
  readonly #ended: Promise<void>;
  #sent = 0;
  #session: string | undefined;

  private constructor() {
    this.#profile = mkdtempSync(join(tmpdir(), 'deputy-chromium-'));
    const flags = [
      '--headless=new',
      '--remote-debugging-pipe',
      // As root it has no sandbox of its own; what it opens here is our own page.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-extensions',
      '--hide-scrollbars',
      `--user-data-dir=${this.#profile}`,
      'about:blank',
    ];
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] as const;
    const command = findCommand('chromium') ?? 'chromium';
    // A group of its own, so that all its processes can be ended together.
    this.#process = spawn(command, flags, { stdio: [...stdio], detached: true });
    this.#ended = new Promise((resolve) => this.#process.once('close', () => resolve()));
    this.#read(this.#process.stdio[4] as Readable);
    // Writing to a browser that is gone fails; whoever waits for an answer is told by the end of reading.
    (this.#process.stdio[3] as Writable).on('error', () => {});
  }

  /** Starts a browser; `close` must be called. */
  static async start(): Promise<Chromium> {
    const browser = new Chromium();
    try {
      const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
      const attach = await browser.send('Target.attachToTarget', { targetId, flatten: true });
      browser.#session = String(attach['sessionId']);
      for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await browser.send(`${domain}.enable`);
    } catch (error) {
      await browser.close();
      throw error;
    }
    return browser;
  }

  /** Sends a command of the protocol; rejects with the browser's message. */
  send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    this.#sent += 1;
    const id = this.#sent;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (result !== undefined) resolve(result);
        else reject(new Error(`${method}: ${error?.message ?? 'the browser ended'}`));
      });
    });
  }

  /** Opens an address and waits until the page says that it is ready. */
  async open(url: string): Promise<void> {
    // From one trace to another only the fragment may differ, which alone would load nothing.
    await this.send('Page.navigate', { url: 'about:blank' });
    await this.send('Page.navigate', { url });
    await this.until("document.documentElement?.dataset.ready === 'true'");
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (answer['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(answer['exceptionDetails']));
    return (answer['result'] as { value: T }).value;
  }

  /** Waits until an expression is true in the page; the test's own timeout is the bound. */
  async until(expression: string): Promise<void> {
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  /** Two frames later everything that was asked for has been drawn. */
  async drawn(): Promise<void> {
    await this.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))',
    );
  }

  /** A real click in the middle of an element. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(
      `(() => { const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)})
        .getBoundingClientRect(); return { x: x + width / 2, y: y + height / 2 }; })()`,
    );
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    }
    await this.drawn();
  }

  /** A real key press: a character, or a named key such as 'ArrowDown'. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, ...keyCodes[key], ...text });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, ...keyCodes[key] });
    await this.drawn();
  }

  /** Sets the window's size and whether dark is preferred. */
  async look(width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.send('Emulation.setEmulatedMedia', { features });
    await this.drawn();
  }

  /** A PNG of what is seen. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  /** Ends the browser and takes its profile away. */
  async close(): Promise<void> {
    const { pid } = this.#process;
    if (pid !== undefined && this.#process.exitCode === null) process.kill(-pid, 'SIGKILL');
    await this.#ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }

  #read(stream: Readable): void {
    let rest = Buffer.alloc(0);
    stream.on('data', (piece: Buffer) => {
      rest = Buffer.concat([rest, piece]);
      for (let end = rest.indexOf(0); end !== -1; end = rest.indexOf(0)) {
        this.#take(JSON.parse(rest.subarray(0, end).toString('utf8')) as Answer & BrowserEvent);
        rest = rest.subarray(end + 1);
      }
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      for (const wake of this.#waiting.values()) wake({});
    });
  }

  #take(message: Answer & BrowserEvent): void {
    if (message.id === undefined) {
      this.events.push(message);
      return;
    }
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

const keyCodes: Readonly<Record<string, object>> = {
  ArrowDown: { code: 'ArrowDown', windowsVirtualKeyCode: 40 },
  ArrowUp: { code: 'ArrowUp', windowsVirtualKeyCode: 38 },
  ArrowRight: { code: 'ArrowRight', windowsVirtualKeyCode: 39 },
  Home: { code: 'Home', windowsVirtualKeyCode: 36 },
  End: { code: 'End', windowsVirtualKeyCode: 35 },
  Escape: { code: 'Escape', windowsVirtualKeyCode: 27 },
};
