/** The journal: writing it, following it, and replaying it. */
export { Journal, type JournalOptions } from './journal.js';
export { JournalTail, type TailSink } from './journal-tail.js';
export { type ReplayedJournal, replayJournal } from './verify-journal.js';
