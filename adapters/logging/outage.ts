import { isDeputyError } from '../../core/errors/deputy-error.js';
import type { Logger } from '../../core/ports/logger.js';

/**
 * Something that fails for a while and is tried again and again: said when it begins, when its reason
 * changes, and when it is over, so that a full disk doesn't also fill the log.
 */
export class Outage {
  private reason: string | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly beginText: string,
    private readonly endText: string,
  ) {}

  /** It failed. */
  note(error: unknown): void {
    const reason = isDeputyError(error) ? error.code : String(error);
    if (reason === this.reason) return;
    this.reason = reason;
    const remedy = isDeputyError(error) ? error.remedy : undefined;
    const detail = error instanceof Error ? error.message : reason;
    this.logger.error({ code: reason, remedy }, `${this.beginText}: ${detail}`);
  }

  /** It went well. */
  end(): void {
    if (this.reason === undefined) return;
    this.reason = undefined;
    this.logger.info({}, this.endText);
  }
}
