import type { JetStreamManager } from 'nats';

/** Was a stream removed and made anew? Its name does not say, and the former numbers mean nothing then. */
export class StreamRenewal {
  private created: string | undefined;

  constructor(
    private readonly manager: JetStreamManager,
    private readonly stream: string,
  ) {}

  /** Since this was asked last; the first time it is not. Throws when there is none. */
  async happened(): Promise<boolean> {
    const { created } = await this.manager.streams.info(this.stream);
    const former = this.created;
    this.created = created;
    return former !== undefined && former !== created;
  }
}
