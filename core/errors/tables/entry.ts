/** What one coded error says: `what` is a template whose `{name}` places are filled from the error's details. */
export interface ErrorEntry {
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
}
