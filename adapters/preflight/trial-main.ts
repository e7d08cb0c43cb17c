/**
 * A throwaway process that makes one trial: its first argument is the trial's name, the second a folder of
 * its own. It prints what came of it as one line of JSON. All that it changes is its own: it ends right
 * after.
 */
import { writeSync } from 'node:fs';
import type { TrialResult } from '../../core/preflight/entry.js';
import { exitAtOnce } from '../linux/native.js';
import type { ChildTrial } from './trial-names.js';
import { becomeAndOpen } from './trials/become-and-open.js';
import { joinNamespacesAgain } from './trials/join-namespaces.js';
import { openByHandle } from './trials/open-by-handle.js';
import { sameUserAccess } from './trials/same-user-access.js';
import { unprivilegedHandles } from './trials/unprivileged-handles.js';

const trials: Readonly<Record<ChildTrial, (directory: string) => TrialResult>> = {
  'open-by-handle': openByHandle,
  'join-namespaces': joinNamespacesAgain,
  'become-and-open': becomeAndOpen,
  'same-user-access': sameUserAccess,
  'unprivileged-handles': unprivilegedHandles,
};

const [, , name = '', directory = ''] = process.argv;
const result = Object.hasOwn(trials, name)
  ? trials[name as ChildTrial](directory)
  : { ok: false, detail: `no trial ${name}` };
writeSync(1, `${JSON.stringify(result)}\n`);
// Some trials leave the process in places where Node's own end would not find what it looks for.
exitAtOnce(0);
