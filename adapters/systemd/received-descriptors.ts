import { errnoText } from '../../core/errors/errno.js';
import { setCloseOnExec } from '../linux/descriptor-flags.js';
import { isDescriptorName } from './descriptor-name.js';
import { type Environment, invalidVariable, wholeNumber } from './environment.js';
import { maximumProcessId } from './watchdog.js';

/** Descriptors from the service manager begin here (SD_LISTEN_FDS_START of sd_listen_fds(3)). */
const firstDescriptor = 3;

/** More than any unit of deputy's lets systemd keep (FileDescriptorStoreMax=). */
export const maximumReceivedDescriptors = 16_384;

const variables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const;
type ListenVariables = Readonly<Partial<Record<(typeof variables)[number], string | undefined>>>;

/** A descriptor that the service manager kept or opened for this service; it belongs to the caller. */
export interface NamedDescriptor {
  /** The name it was stored under; 'unknown' where the service manager gives none. */
  readonly name: string;
  readonly descriptor: number;
}

/**
 * Takes the descriptors that the service manager handed over (sd_listen_fds_with_names(3)), closed on exec
 * from now on, in the manager's order: names may repeat. The variables are removed, so that no child takes
 * them for its own and a second call finds nothing. Empty where they are meant for another process.
 * Throws DEPUTY_E_SERVICE_ENVIRONMENT_INVALID.
 */
export function receivedDescriptors(environment: Environment = process.env): readonly NamedDescriptor[] {
  const taken: ListenVariables = Object.fromEntries(
    variables.map((variable) => [variable, environment[variable]]),
  );
  for (const variable of variables) delete environment[variable];
  const pid = wholeNumber(taken, 'LISTEN_PID', maximumProcessId);
  if (pid !== process.pid) return [];
  const count = wholeNumber(taken, 'LISTEN_FDS', maximumReceivedDescriptors) ?? 0;
  const names = namesOf(taken.LISTEN_FDNAMES, count);
  return names.map((name, index) => {
    const descriptor = firstDescriptor + index;
    const result = setCloseOnExec(descriptor);
    if (result === 0) return { name, descriptor };
    const detail = `descriptor ${descriptor}: ${errnoText(-result)}`;
    throw invalidVariable('LISTEN_FDS', String(count), detail);
  });
}

function namesOf(text: string | undefined, count: number): readonly string[] {
  if (text === undefined || count === 0) return Array.from({ length: count }, () => 'unknown');
  const names = text.split(':');
  if (names.length !== count) {
    throw invalidVariable('LISTEN_FDNAMES', text, `${names.length} names for ${count} descriptors`);
  }
  const wrong = names.find((name) => !isDescriptorName(name));
  if (wrong === undefined) return names;
  throw invalidVariable('LISTEN_FDNAMES', text, `${JSON.stringify(wrong.slice(0, 80))} is no name`);
}
