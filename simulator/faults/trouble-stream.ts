import type { StreamService } from '../jetstream/stream-service.js';
import type { Fault } from './fault-schema.js';

/** Does to a stream's server what a fault says. */
export function troubleStream(
  stream: StreamService,
  { trouble, forUs, count }: Extract<Fault, { kind: 'store' }>,
): void {
  switch (trouble) {
    case 'disconnect':
      return stream.disconnect(forUs);
    case 'duplicate':
      return stream.duplicate(count);
    case 'delay':
      return stream.slowDown(forUs);
    case 'lose-suffix':
      return stream.loseSuffix(count, forUs);
    case 'leader-change':
      return stream.changeLeader(forUs);
    case 'full':
      return stream.fill(forUs);
    case 'other-writer':
      return stream.writeAsOther();
  }
}
