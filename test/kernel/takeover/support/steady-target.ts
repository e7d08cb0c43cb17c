import { LineProcess } from '../../support/line-process.js';

/** What a steady target says of itself; see test/targets/steady.c. */
export interface SteadyReport {
  readonly calls: number;
  readonly wrong: number;
  readonly enosys: number;
  readonly interrupted: number;
  /** The longest call since the last report. */
  readonly longestUs: number;
  readonly signals: number;
  readonly descriptors: number;
  /** Threads that did not come back, at the end. */
  readonly hung?: number;
}

export interface SteadyOptions {
  readonly program: string;
  readonly socketPath: string;
  readonly share: string;
  readonly flavour: 'plain' | 'killable';
  readonly threads?: number;
  readonly container?: string;
  /** Each so many calls one is an exact O_PATH open of a symlink. */
  readonly exactEvery?: number;
  /** Each thread waits so long between two calls. */
  readonly pauseUs?: number;
  /** In namespaces of its own, where the kernel opens directories for it. */
  readonly native?: boolean;
}

/** A target that calls without pause and checks every result. */
export class SteadyTarget {
  private constructor(
    readonly process: LineProcess,
    readonly started: SteadyReport,
  ) {}

  static async start(options: SteadyOptions): Promise<SteadyTarget> {
    const {
      program,
      socketPath,
      share,
      flavour,
      threads = 4,
      container = 'steady',
      exactEvery = 0,
      pauseUs = 0,
    } = options;
    const words = [program, socketPath, container, share, flavour, `${threads}`];
    const native = options.native === true ? ['NATIVE=1'] : [];
    const process = new LineProcess('env', [
      ...native,
      `EXACT_EVERY=${exactEvery}`,
      `PAUSE_US=${pauseUs}`,
      ...words,
    ]);
    const started = JSON.parse(await process.next('started')) as SteadyReport;
    return new SteadyTarget(process, started);
  }

  get pid(): number {
    return this.process.pid;
  }

  async mark(): Promise<SteadyReport> {
    return JSON.parse(await this.process.ask('mark')) as SteadyReport;
  }

  /** Stops all threads: the last report. */
  async end(): Promise<SteadyReport> {
    const report = JSON.parse(await this.process.ask('end')) as SteadyReport;
    await this.process.end();
    return report;
  }
}
