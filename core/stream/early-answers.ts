/** Messages that were stored before it was known of those before them: seldom any. */
export class EarlyAnswers {
  private readonly sequences = new Set<number>();

  keep(sequence: number): void {
    this.sequences.add(sequence);
  }

  /** Was it kept? */
  take(sequence: number): boolean {
    return this.sequences.size > 0 && this.sequences.delete(sequence);
  }

  clear(): void {
    this.sequences.clear();
  }
}
