/** The journal: writing it, following it, checking, replaying and repairing it. */
export { type CheckedJournal, type CheckedSegment, checkJournal } from './check-journal.js';
export { Journal, type JournalOptions } from './journal.js';
export { type JournalProblem, problemError } from './journal-problem.js';
export { journalRecords, type ShownRecord } from './journal-records.js';
export { JournalTail, type TailSink } from './journal-tail.js';
export type { HandlersOfRecord } from './path-check.js';
export { type LostRecord, planRepair, type RepairAction, type RepairPlan } from './plan-repair.js';
export { type RepairedSegment, repairJournal } from './repair-journal.js';
export { type ReplayedJournal, replayJournal } from './verify-journal.js';
