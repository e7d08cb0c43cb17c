/** One level of a logger: what it is about (ids first, `err` for an error), and a sentence. */
export type LogMethod = (bindings: Readonly<Record<string, unknown>>, message: string) => void;

/** The part of a pino logger that deputy uses; a pino instance is one as it is. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  /** A logger that adds these bindings to each line. */
  child(bindings: Readonly<Record<string, unknown>>): Logger;
}

const ignore: LogMethod = () => {};

/** A logger that says nothing: the default of a library. */
export const silentLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => silentLogger,
};
