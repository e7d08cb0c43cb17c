import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { DeputyEvent } from '../../core/events/event.js';
import { evolveDelegation, initialDelegationState } from '../../core/machines/delegation-state.js';
import { sleep } from './child.js';
import type { ServiceLab } from './service-lab.js';

const patienceMs = 30_000;

/** What the events of one delegation say together; the fold refuses an illegal path. */
export interface Story {
  readonly delegationId: string;
  /** Of its life, in order. */
  readonly lifecycle: readonly DeputyEvent[];
  readonly versions: readonly number[];
  readonly requestIds: readonly string[];
  readonly opens: number;
  readonly recoveries: Readonly<Record<string, number>>;
  readonly state: ReturnType<typeof evolveDelegation>;
}

/** The stories of a container's delegations, by the order of their beginnings. */
export async function storiesOf(lab: ServiceLab, container: string): Promise<Story[]> {
  const stories = new Map<string, ReturnType<typeof emptyStory>>();
  for await (const line of createInterface({ input: createReadStream(lab.events()) })) {
    const event = JSON.parse(line) as DeputyEvent;
    if (event.type === 'delegation.requested' && event.data.target.containerId === container) {
      stories.set(event.delegationId, emptyStory(event.delegationId));
    }
    const story = stories.get(event.delegationId);
    if (story === undefined) continue;
    story.versions.push(event.version);
    story.state = evolveDelegation(story.state, event);
    if (!event.type.startsWith('request.')) {
      story.lifecycle.push(event);
      continue;
    }
    const { requestId, syscall, recovery } = event.data as {
      requestId: string;
      syscall: string;
      recovery: string;
    };
    story.requestIds.push(requestId);
    if (syscall === 'open_by_handle_at') story.opens++;
    story.recoveries[recovery] = (story.recoveries[recovery] ?? 0) + 1;
  }
  return [...stories.values()];
}

/** Waits until the container has delegations of which something holds, and gives them. */
export async function storiesWhen(
  lab: ServiceLab,
  container: string,
  holds: (stories: readonly Story[]) => boolean,
): Promise<Story[]> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const stories = await storiesOf(lab, container);
    if (holds(stories)) return stories;
    if (Date.now() > deadline)
      throw new Error(`never: ${JSON.stringify(stories.map(shown))}\n${lab.journal}`);
    await sleep(200);
  }
}

/**
 * The types of its life's events, in order. Without quarantines: a loop that got no processor for too long may
 * be taken for one that is stuck.
 */
export function path(story: Story): string[] {
  const types = story.lifecycle.map(({ type }) => type.replace('delegation.', ''));
  return types.filter((type) => type !== 'quarantined');
}

function shown(story: Story): unknown {
  return { path: path(story), state: story.state };
}

function emptyStory(delegationId: string) {
  return {
    delegationId,
    lifecycle: [] as DeputyEvent[],
    versions: [] as number[],
    requestIds: [] as string[],
    opens: 0,
    recoveries: {} as Record<string, number>,
    state: initialDelegationState,
  };
}
