import type { Logger } from '../../core/ports/logger.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { Strategy } from '../../core/ports/strategy.js';
import type { SupervisorConfiguration } from '../keeper/protocol.js';
import type { FirstLoop } from '../supervisor/first-loop.js';
import type { KeeperLink } from './keeper-link.js';

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly configuration: SupervisorConfiguration;
  readonly link: KeeperLink;
  readonly logger: Logger;
  readonly handlersModule: URL;
  readonly first: FirstLoop | undefined;
  readonly strategies: (service: RequestService) => readonly Strategy[];
  readonly onFatal: (message: string) => void;
}
