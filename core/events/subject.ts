import { digestOf } from '../policy/digest.js';

/** First tokens of every subject; a new wire form would get another version. */
export const subjectPrefix = 'deputy.v1';

/** A server refuses a command line of more than 4 KiB; three such tokens and all else fit well. */
const maximumTokenLength = 200;
const digestLength = 17;

/**
 * One token of a subject: what a subject could not hold is percent-encoded (UTF-8), `.` and `*` too. A long
 * one is cut, and ends in `~` and a digest of the whole.
 */
export function subjectToken(text: string): string {
  const wellFormed = text.replace(/\p{Cs}/gu, '\ufffd');
  const encoded = encodeURIComponent(wellFormed).replace(/[.*!'()~]/g, percentEncoded);
  if (encoded.length <= maximumTokenLength) return encoded;
  const kept = encoded.slice(0, maximumTokenLength - digestLength).replace(/%[0-9A-F]?$/, '');
  return `${kept}~${digestOf(text)}`;
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** What is before an event's type in its subject. */
export function delegationSubject(node: string, tenant: string, delegationId: string): string {
  return `${subjectPrefix}.${subjectToken(node)}.${subjectToken(tenant)}.${subjectToken(delegationId)}`;
}

/** Which events: absent means any. `type` is a whole type, or its kind: 'delegation', 'request'. */
export interface EventFilter {
  readonly node?: string | undefined;
  readonly tenant?: string | undefined;
  readonly delegationId?: string | undefined;
  readonly type?: string | undefined;
}

/** The subject that has just these events, to be filtered at the server. */
export function filterSubject({ node, tenant, delegationId, type }: EventFilter): string {
  const token = (text: string | undefined): string => (text === undefined ? '*' : subjectToken(text));
  // All of a node, or of all: the form that servers take whatever streams there are.
  if (tenant === undefined && delegationId === undefined && type === undefined) {
    return node === undefined ? `${subjectPrefix}.>` : `${subjectPrefix}.${token(node)}.>`;
  }
  const types = type === undefined ? '>' : type.includes('.') ? type : `${type}.>`;
  return `${subjectPrefix}.${token(node)}.${token(tenant)}.${token(delegationId)}.${types}`;
}

/** Is a subject one of those that a filter stands for? */
export function matchesFilter(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const tokens = subject.split('.');
  if (wanted.at(-1) === '>') return tokens.length >= wanted.length && startsAs(wanted.slice(0, -1), tokens);
  return tokens.length === wanted.length && startsAs(wanted, tokens);
}

function startsAs(wanted: readonly string[], tokens: readonly string[]): boolean {
  return wanted.every((token, index) => token === '*' || token === tokens[index]);
}

/**
 * The name of a node's stream: escaped as a token, but with `=`, since servers take a `%` in it for a place
 * in a format, and answer on subjects that nobody can read.
 */
export function streamName(node: string): string {
  return `deputy-${subjectToken(node).replaceAll('%', '=')}`;
}

/** Everything that a node says. */
export function nodeSubjects(node: string): string {
  return `${subjectPrefix}.${subjectToken(node)}.>`;
}
