/** A module of the build: what users run. */
export function built(path) {
  return import(new URL(`../../../../dist/${path}`, import.meta.url).href);
}
