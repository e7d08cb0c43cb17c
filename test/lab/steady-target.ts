import { LineProcess } from '../kernel/support/line-process.js';
import { sleep } from './child.js';
import type { ServiceLab } from './service-lab.js';
import { firstChildOf } from './systemd.js';

const threads = 4;
/** So many calls say that each thread goes on. */
const progressCalls = 200;
const hangMs = 30_000;

/** What test/targets/steady.c says; counts are those since its start. */
export interface SteadyReport {
  readonly calls: number;
  readonly wrong: number;
  readonly enosys: number;
  readonly interrupted: number;
  /** Of the calls that ended since the last report. */
  readonly longestUs: number;
  readonly descriptors: number;
  /** So many threads did not come back. */
  readonly hung?: number;
}

export interface SteadyOptions {
  readonly container: string;
  readonly killable: boolean;
  readonly exactEvery?: number;
  readonly pauseUs?: number;
}

/** A target that calls without pause, beside a service. */
export class SteadyTarget {
  private constructor(
    readonly options: SteadyOptions,
    private readonly process: LineProcess,
    /** Its descriptors before the first call. */
    readonly descriptors: number,
  ) {}

  static async start(lab: ServiceLab, options: SteadyOptions): Promise<SteadyTarget> {
    const { container, killable, exactEvery = 0, pauseUs = 0 } = options;
    const flavour = killable ? 'killable' : 'plain';
    const [program, ...words] = lab.systemd.command('env', [
      `EXACT_EVERY=${exactEvery}`,
      `PAUSE_US=${pauseUs}`,
      ...[lab.program('steady'), lab.socketPath, container, lab.share, flavour, `${threads}`],
    ]);
    const process = new LineProcess(program, words);
    const { descriptors } = JSON.parse(await process.next('the start')) as SteadyReport;
    return new SteadyTarget(options, process, descriptors);
  }

  /** The signal that it died of, or undefined while it lives. */
  async deathSignal(): Promise<number | string | undefined> {
    const alive = sleep(0).then(() => undefined);
    return Promise.race([this.process.exited, alive]);
  }

  async mark(): Promise<SteadyReport> {
    return JSON.parse(await this.process.ask('mark')) as SteadyReport;
  }

  /** Waits until it has gone on: the longest call until then, or its death. Throws when it hangs. */
  async goesOn(): Promise<{ readonly longestUs: number; readonly died?: number | string }> {
    const deadline = Date.now() + hangMs;
    let first: number | undefined;
    let longestUs = 0;
    for (;;) {
      const died = await this.deathSignal();
      if (died !== undefined) return { longestUs, died };
      const report = await this.mark().catch(() => undefined);
      if (report === undefined) continue;
      longestUs = Math.max(longestUs, report.longestUs);
      first ??= report.calls;
      if (report.calls >= first + progressCalls) return { longestUs };
      if (Date.now() > deadline) throw new Error(`${this.options.container} hangs`);
      await sleep(20);
    }
  }

  /** Ends it at once, whatever it waits for. */
  async kill(): Promise<void> {
    process.kill(firstChildOf(this.process.pid) as number, 'SIGKILL');
    await this.process.exited;
  }

  async end(): Promise<SteadyReport> {
    const report = JSON.parse(await this.process.ask('end')) as SteadyReport;
    await this.process.exited;
    return report;
  }
}
