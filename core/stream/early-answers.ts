/** Answers that came before their turn: seldom any, since nearly all come in the order of what was asked. */
export class EarlyAnswers {
  private readonly sequences = new Map<number, number>();

  keep(attempt: number, sequence: number): void {
    this.sequences.set(attempt, sequence);
  }

  /** Undefined: it has not come. */
  take(attempt: number): number | undefined {
    if (this.sequences.size === 0) return undefined;
    const sequence = this.sequences.get(attempt);
    this.sequences.delete(attempt);
    return sequence;
  }

  clear(): void {
    this.sequences.clear();
  }
}
