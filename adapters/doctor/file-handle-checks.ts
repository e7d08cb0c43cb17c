import { isDeputyError } from '../../core/errors/deputy-error.js';
import type { HandleObservations } from '../../core/file-handles/observations.js';
import { ways } from '../../core/file-handles/ways.js';
import { type ProbeSubject, probeHandles } from '../file-handle/index.js';
import { type Diagnosis, diagnosis } from './diagnosis.js';

/** Directories that one run looks at; each costs a process. */
const directoryLimit = 32;

/**
 * What the file-handle strategy has here, tried in throwaway namespaces: on a file system that they mount
 * themselves, and on each directory, with its owner mapped and by an idmapped mount.
 */
export async function checkFileHandles(directories: readonly string[]): Promise<Diagnosis[]> {
  const subjects: readonly ProbeSubject[] = [
    { kind: 'own', fileSystemType: 'tmpfs' },
    ...directories
      .slice(0, directoryLimit)
      .flatMap((path) => (['directory', 'idmapped'] as const).map((kind) => ({ kind, path }))),
  ];
  const lines: Diagnosis[] = [];
  for (const subject of subjects) lines.push(...(await check(subject)));
  return lines;
}

async function check(subject: ProbeSubject): Promise<Diagnosis[]> {
  const where = whereOf(subject);
  try {
    return linesOf(await probeHandles(subject), where);
  } catch (error) {
    const remedy = isDeputyError(error) ? error.remedy : 'Name a directory that can be read.';
    const detail = `${where}: ${error instanceof Error ? error.message : String(error)}`;
    return [diagnosis('file-handle', 'probe', false, detail, remedy, true)];
  }
}

function linesOf(seen: HandleObservations, where: string): Diagnosis[] {
  return ways.map((way) => {
    const { possible, reason, remedy } = way.judge(seen);
    return diagnosis('file-handle', way.name, possible, `${where}: ${reason}`, remedy, true);
  });
}

function whereOf(subject: ProbeSubject): string {
  if (subject.kind === 'own') return `a ${subject.fileSystemType} of its own`;
  return subject.kind === 'idmapped' ? `${subject.path}, idmapped` : subject.path;
}
