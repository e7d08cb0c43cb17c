import { answererVerbs } from './answerer-verbs.js';
import { type Case, type Line, parseScript } from './language.js';
import type { Machine } from './machine.js';
import { targetVerbs } from './target-verbs.js';
import { tracerVerbs } from './tracer-verbs.js';

/** A notification that a case has given a name to. */
export interface Known {
  readonly id: bigint;
  readonly listener: number;
}

/** Numbers that nobody chooses, by the name of their first appearance. */
export class Renamed {
  private readonly names = new Map<string, string>();

  of(kind: string, value: string): string {
    const key = `${kind} ${value}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const count = [...this.names.keys()].filter((name) => name.startsWith(`${kind} `)).length;
    const name = `${kind}${count + 1}`;
    this.names.set(key, name);
    return name;
  }
}

/** What a case knows while it runs on one machine. */
export class Scene {
  readonly listeners = new Map<string, number>();
  /** The first id of each listener: others are told as distances to it. */
  readonly firstIds = new Map<number, bigint>();
  readonly notifications = new Map<string, Known>();
  readonly own = new Map<string, number>();
  readonly renamed = new Renamed();
  readonly threads = new Map<string, number>();
  readonly memory = new Map<string, number>();
  policy: Record<string, unknown> = {};

  constructor(readonly machine: Machine) {}

  listener(name = 'L'): number {
    const known = this.listeners.get(name);
    if (known === undefined) throw new Error(`no listener is called ${name}`);
    return known;
  }

  notification(name: string | undefined): Known {
    const known = this.notifications.get(name ?? '');
    if (known === undefined) throw new Error(`no notification is called ${name}`);
    return known;
  }

  /** The name of the thread with an id. */
  nameOf(threadId: number): string {
    for (const [name, known] of this.threads) if (known === threadId) return name;
    return threadId === 0 ? 'nobody' : 'a stranger';
  }

  /** A file by the name of its first appearance. */
  file(key: string): string {
    return this.renamed.of('file', key);
  }
}

export type Verb = (scene: Scene, line: Line) => Promise<string>;

export interface Step {
  readonly line: Line;
  readonly result: string;
}

function verbOf({ actor, verb }: Line): Verb {
  const verbs = actor === 'S' ? answererVerbs : actor === 'T' || actor === 'U' ? tracerVerbs : targetVerbs;
  const found = verbs[verb];
  if (found === undefined) throw new Error(`${actor} knows no verb ${verb}`);
  return found;
}

/** Runs a case on a machine: what each of its steps gave. */
export async function runCase({ script }: Case, machine: Machine): Promise<Step[]> {
  const scene = new Scene(machine);
  scene.threads.set('P', machine.threadId('P'));
  const steps: Step[] = [];
  for (const line of parseScript(script)) {
    let result: string;
    try {
      result = await verbOf(line)(scene, line);
    } catch (error) {
      result = `FAILED: ${(error as Error).message}`;
    }
    steps.push({ line, result });
    if (result.startsWith('FAILED')) break;
  }
  return steps;
}
