import { InvalidArgumentError } from 'commander';

/** An option's whole number that is not negative. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('Must be a whole number.');
  }
  return value;
}

const maximumJobs = 256;

/** How many processes. */
export function jobCount(text: string): number {
  const value = wholeNumber(text);
  if (value < 1 || value > maximumJobs) throw new InvalidArgumentError(`Must be from 1 to ${maximumJobs}.`);
  return value;
}

/** An option that takes one of some words. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word === undefined) throw new InvalidArgumentError(`There are: ${words.join(', ')}.`);
    return word;
  };
}
