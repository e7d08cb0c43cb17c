import { CallAnswers as AnswersOf } from '../../core/broker/call-answers.js';
import type { LoopThread } from '../linux/request-kernel/threads.js';

/** Who is at the other end: admitted once, when it connected. */
export interface Peer {
  readonly processId: number;
  readonly pidfd: number;
  readonly thread: LoopThread;
  readonly cgroup: string;
}

/** How a handler's answers become packets of one connection. */
export class CallAnswers extends AnswersOf<Peer> {}
