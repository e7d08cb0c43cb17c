/** What one coded error says: `what` is a template, its `{name}` places filled from the error's details. */
export interface ErrorEntry {
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
}
