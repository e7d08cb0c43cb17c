import type { Setup } from '../scenario/scenario-schema.js';

/** What each strategy does that the simulator runs. */
export const strategySentences: Readonly<Record<Setup['strategy'], string>> = {
  'seccomp-notify': "Answers the target's calls through its seccomp listener; nothing in the target changes.",
  'sidecar-caps':
    'A broker beside the target opens files for it, and passes descriptors over a socket (its broker form).',
  'file-handle':
    'Handles are sealed; directories are opened by the kernel for the target, and the rest by a notifier.',
  dispatcher:
    "Starts a payload that holds the capability in the target's namespaces; it makes the calls itself.",
  auto: 'The engine chooses between all strategies, as policy and machine let it; nobody makes calls.',
};
