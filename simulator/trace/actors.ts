import { type Trace, type TraceActor, traceActorSchema } from './schema.js';

/**
 * Everybody who takes part, in the order of their first mention: those of the header, those announced by an
 * entry of type 'actor', and those that only appear, whose kind is guessed from the id ('supervisor-2').
 */
export function actorsOf({ header, entries }: Trace): readonly TraceActor[] {
  const actors = new Map<string, TraceActor>(header.actors.map((actor) => [actor.id, actor]));
  for (const { actor: id, type, detail } of entries) {
    const announced =
      type === 'actor'
        ? traceActorSchema.safeParse({ id, kind: detail['kind'], label: detail['label'] ?? id })
        : undefined;
    if (announced?.success) actors.set(id, announced.data);
    else if (!actors.has(id)) actors.set(id, { id, kind: guessKind(id), label: id });
  }
  return [...actors.values()];
}

function guessKind(id: string): TraceActor['kind'] {
  if (/\/thread-[^/]*$/.test(id)) return 'thread';
  const stem = /^[a-z]+(-[a-z]+)*/.exec(id)?.[0];
  const known = traceActorSchema.shape.kind.safeParse(stem === 'systemd' ? 'service-manager' : stem);
  return known.success ? known.data : 'target';
}
