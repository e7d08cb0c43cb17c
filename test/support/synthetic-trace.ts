import { readTrace } from '../../simulator/trace/reader.js';
import type { Trace } from '../../simulator/trace/schema.js';
import { type EntryDraft, TraceWriter } from '../../simulator/trace/writer.js';

/** What a made-up trace is like. */
export interface SyntheticOptions {
  /** About so many entries. */
  readonly entries: number;
  readonly seed?: number;
  /** Whether an invariant breaks, at about two thirds. */
  readonly broken?: boolean;
  /** Names that try to get out of wherever they are shown. */
  readonly hostile?: boolean;
  readonly targets?: number;
}

/** Names that a hostile target could choose. */
export const hostileNames = [
  '</script><img src=x onerror="document.title=`owned`">',
  '<!--<script>document.title="owned"</script>',
  '\u001b[2J\u001b]0;owned\u0007',
  "'\"><svg/onload=document.title='owned'>",
  'evil\u202etxt.exe\u200b\u2028line',
  '{{document.title="owned"}} {{7*7}} &lt;b&gt; %3Cscript%3E',
] as const;

/** The lines of a trace that looks like one of a simulation: calls, crashes and what follows them. */
export function syntheticLines(options: SyntheticOptions): string[] {
  const lines: string[] = [];
  new Synthesis(options, (line) => lines.push(line)).run();
  return lines;
}

/** The same, read. */
export function syntheticTrace(options: SyntheticOptions): Trace {
  return readTrace(syntheticLines(options));
}

class Synthesis {
  readonly #options: SyntheticOptions;
  readonly #writer: TraceWriter;
  readonly #random: () => number;
  #timeUs = 0;
  #supervisor = 1;
  #requests = 0;
  #steps = 0;
  readonly #listener = { owner: 'supervisor-1', inFlight: 0, answered: 0, fds: { listener: 3, journal: 4 } };
  readonly #violations: { invariant: string; sentence: string; sequence: number; detail: object }[] = [];

  constructor(options: SyntheticOptions, sink: (line: string) => void) {
    this.#options = options;
    const seed = options.seed ?? 1;
    this.#random = generator(seed);
    this.#writer = new TraceWriter(
      {
        build: 'deputy 0.1.0 (0123456789ab)',
        seed: String(seed),
        scenario: { name: options.hostile ? hostileNames[0] : 'supervisor-restart-in-flight', targets: 3 },
        options: { strategy: 'seccomp-notify', keeper: 'on', standby: true, settleUs: 5000 },
        actors: [
          { id: 'scheduler', kind: 'scheduler', label: 'scheduler' },
          { id: 'kernel', kind: 'kernel', label: 'kernel' },
          { id: 'keeper', kind: 'keeper', label: 'keeper' },
          { id: 'supervisor-1', kind: 'supervisor', label: 'supervisor-1' },
          { id: 'standby-1', kind: 'standby', label: 'standby-1' },
          { id: 'injector-1', kind: 'injector', label: 'injector-1' },
          { id: 'event-store', kind: 'event-store', label: 'event-store' },
        ],
      },
      sink,
    );
  }

  run(): void {
    const { entries, broken = false, targets = 3 } = this.#options;
    const threads = Array.from({ length: targets }, (_, index) => this.#target(index + 1));
    let breaksAt = broken ? Math.floor((entries * 2) / 3) : Number.POSITIVE_INFINITY;
    while (this.#writer.entries < entries) {
      const thread = threads[Math.floor(this.#random() * threads.length)] ?? 'target-1/thread-1';
      const breaks = this.#writer.entries >= breaksAt;
      if (breaks) breaksAt = Number.POSITIVE_INFINITY;
      this.#call(thread, breaks, breaks || this.#random() < 0.006);
    }
    this.#writer.end({
      steps: this.#steps,
      timeUs: this.#timeUs,
      outcome: broken ? 'broken' : 'held',
      violations: this.#violations as never,
      stateHash: '00ff00ff00ff00ff',
    });
  }

  #entry(draft: Omit<EntryDraft, 'timeUs'>): number {
    this.#timeUs += Math.floor(this.#random() * 40);
    if (draft.type === 'step' || draft.type === 'call') this.#steps += 1;
    return this.#writer.entry({ timeUs: this.#timeUs, ...draft });
  }

  #target(number: number): string {
    const { hostile } = this.#options;
    const id = `target-${number}/thread-${number * 2 - 1}`;
    const label = hostile ? (hostileNames[number % hostileNames.length] ?? id) : `virtiofsd ${number}`;
    this.#entry({ actor: id, type: 'actor', name: 'starts', detail: { kind: 'thread', label } });
    return id;
  }

  /** A call of a target from its trap to its event; with a crash of the supervisor on the way, if wanted. */
  #call(thread: string, breaks: boolean, crashes: boolean): void {
    const { hostile } = this.#options;
    this.#requests += 1;
    const request = `r${this.#requests}`;
    const name = this.#random() < 0.7 ? 'open_by_handle_at' : 'name_to_handle_at';
    const path = hostile
      ? hostileNames[this.#requests % hostileNames.length]
      : `/share/file-${this.#requests}`;
    const handle = '00ab'.repeat(4);
    const detail = { mountFd: 5, flags: 'O_RDONLY|O_PATH', path, handle };
    const call = this.#entry({ actor: thread, type: 'call', name, detail, request });
    const id = { id: this.#requests, state: 'INIT' };
    const trap = { actor: 'kernel', type: 'notification', name: 'queued', detail: id, cause: call, request };
    let cause = this.#entry(trap as Omit<EntryDraft, 'timeUs'>);
    this.#listener.inFlight += 1;
    cause = this.#served(request, cause, crashes ? 1 + Math.floor(this.#random() * 4) : 5);
    if (crashes) {
      cause = this.#crash(cause);
      cause = this.#served(request, cause, 5);
    }
    const result = { result: 12, recovery: crashes ? 'redone' : 'none' };
    const sent = { actor: 'kernel', type: 'answer', name: 'ADDFD', detail: result, cause, request } as const;
    cause = this.#entry(sent);
    if (breaks) this.#break(request, cause);
    this.#listener.inFlight -= 1;
    this.#listener.answered += 1;
    this.#state(cause);
    const event = { type: 'request.answered', version: this.#requests };
    cause = this.#entry({
      actor: 'event-store',
      type: 'event',
      name: 'request.answered',
      detail: event,
      cause,
      request,
    });
    if (this.#random() < 0.05) {
      this.#entry({
        actor: 'scheduler',
        type: 'note',
        name: 'clock jumps',
        detail: { byUs: 5_000 },
        cause,
      });
      this.#timeUs += 5_000;
    }
  }

  #served(request: string, cause: number, steps: number): number {
    const names = ['RECV', 'copy arguments', 'ID_VALID', 'policy', 'open'];
    const actor = `supervisor-${this.#supervisor}`;
    for (const name of names.slice(0, steps)) {
      const detail = { port: 'request-kernel', result: 0 };
      cause = this.#entry({ actor, type: 'step', name, detail, cause, request });
    }
    return cause;
  }

  #crash(cause: number): number {
    const old = `supervisor-${this.#supervisor}`;
    const detail = { signal: 'SIGKILL', when: 'before', step: 'ADDFD' };
    cause = this.#entry({ actor: old, type: 'fault', name: 'crash', detail, cause });
    cause = this.#entry({ actor: 'keeper', type: 'signal', name: 'SIGCHLD', detail: { from: old }, cause });
    this.#supervisor += 1;
    const next = `supervisor-${this.#supervisor}`;
    const born = { kind: 'supervisor', label: next };
    cause = this.#entry({ actor: next, type: 'actor', name: 'takes over', detail: born, cause });
    this.#listener.owner = next;
    this.#listener.fds.listener += 1;
    this.#state(cause);
    const assumed = { slot: this.#requests, result: 'ENOENT' };
    return this.#entry({ actor: next, type: 'assumed', name: 'journal slot read', detail: assumed, cause });
  }

  #state(cause: number): void {
    const { fds, ...rest } = this.#listener;
    const detail = { ...rest, fds: { ...fds } };
    this.#entry({ actor: 'keeper', type: 'state', name: 'listener', detail, cause });
  }

  #break(request: string, cause: number): void {
    const detail = { answers: 2, first: 12, second: 13 };
    const sequence = this.#entry({ actor: 'kernel', type: 'answer', name: 'ADDFD', detail, cause, request });
    const sentence = 'A call is answered at most once.';
    const invariant = this.#options.hostile ? hostileNames[1] : 'answered-at-most-once';
    this.#violations.push({ invariant, sentence, sequence, detail });
    const broken = { sentence, ...detail };
    this.#entry({
      actor: 'kernel',
      type: 'violation',
      name: invariant,
      detail: broken,
      cause: sequence,
      request,
    });
  }
}

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
