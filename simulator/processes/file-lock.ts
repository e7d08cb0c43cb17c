import { no } from '../kernel/numbers.js';
import { PlainDescription } from '../kernel/open-description.js';

/** A file that somebody may have locked as a whole (flock(2)). */
export class LockFile {
  holder: LockDescription | undefined;

  open(): LockDescription {
    return new LockDescription(this);
  }
}

/**
 * An open file description of such a file. The lock is the description's: it is shared by those that it was
 * handed to, and free when the last of them has closed it, by its death too.
 */
export class LockDescription extends PlainDescription {
  constructor(private readonly file: LockFile) {
    super();
  }

  /** LOCK_EX | LOCK_NB: 0, or -EAGAIN. */
  lock(): number {
    if (this.file.holder !== undefined && this.file.holder !== this) return no('EAGAIN');
    this.file.holder = this;
    return 0;
  }

  protected override released(): void {
    if (this.file.holder === this) this.file.holder = undefined;
  }
}
