import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { type HandleObservations, parseObservations } from '../../core/file-handles/observations.js';
import { sealBytes } from '../../core/seals/seal-layout.js';
import { nativeProgram } from '../native/native-programs.js';

/**
 * What is probed: a directory of a file system, with the ids of its owner mapped; the same with other ids and
 * by an idmapped mount; or a file system that a user namespace mounts itself.
 */
export type ProbeSubject =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'idmapped'; readonly path: string }
  | { readonly kind: 'own'; readonly fileSystemType: string };

/** Where container engines map ids to, far from those of files. */
const foreignIds = { first: 100_000, count: 65_536 } as const;
/** The probe ends itself after 10 s; one that a file system keeps in the kernel is left behind. */
const deadlineMs = 12_000;
/** It prints some twenty short lines. */
const outputLimitBytes = 65_536;

/**
 * Tries opens by handle in a throwaway child with namespaces of its own (user_namespaces(7),
 * open_by_handle_at(2)): what it saw, as far as it came. Throws DEPUTY_E_SETUP_MISSING when the program was
 * not built.
 */
export async function probeHandles(subject: ProbeSubject): Promise<HandleObservations> {
  const output = await run(nativeProgram('handle-probe'), wordsOf(subject));
  return parseObservations(output);
}

function wordsOf(subject: ProbeSubject): string[] {
  const trailer = `${sealBytes}`;
  if (subject.kind === 'own') return ['own', subject.fileSystemType, trailer];
  if (subject.kind === 'idmapped') {
    return ['idmapped', subject.path, `${foreignIds.first}`, `${foreignIds.count}`, trailer];
  }
  const { uid, gid } = statSync(subject.path);
  return ['path', subject.path, `${uid}`, `${gid}`, trailer];
}

function run(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'], env: {} });
    let output = '';
    const end = (): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.unref();
      resolve(output);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      end();
    }, deadlineMs);
    child.stdout.on('data', (chunk: Buffer) => {
      if (output.length < outputLimitBytes) output += chunk.toString('latin1');
    });
    child.once('error', end);
    child.once('close', end);
  });
}
