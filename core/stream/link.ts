/** Whether there is a connection now. What was asked over one that broke is never answered. */
export class Link {
  private isUp = true;
  private waiting: (() => void)[] = [];
  private asked: ((error: Error) => void)[] = [];

  up(): void {
    this.isUp = true;
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  down(): void {
    this.isUp = false;
    const { asked } = this;
    this.asked = [];
    for (const reject of asked) reject(new Error('the connection broke'));
  }

  async whenUp(): Promise<void> {
    if (!this.isUp) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** The answer, or an error as soon as the connection breaks. */
  unlessDown<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.asked.push(reject);
      answer.then(resolve, reject).finally(() => {
        this.asked = this.asked.filter((one) => one !== reject);
      });
    });
  }
}
