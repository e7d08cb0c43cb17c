import { InvalidArgumentError } from 'commander';

/** An option's whole number that is not negative. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('Must be a whole number.');
  }
  return value;
}
