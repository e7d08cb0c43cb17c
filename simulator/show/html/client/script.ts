import { detailScript } from './detail.js';
import { elementsScript } from './elements.js';
import { filterScript } from './filter.js';
import { keysScript } from './keys.js';
import { lanesScript } from './lanes.js';
import { rowsScript } from './rows.js';
import { selectionScript } from './selection.js';
import { sliderScript } from './slider.js';
import { startScript } from './start.js';

/**
 * The page's one script. Its parts are text and not functions turned to text, because what a build makes
 * of a function need not run alone; a test has TypeScript check them as one program with the DOM's types.
 */
export function clientScript(): string {
  const parts = [
    elementsScript,
    selectionScript,
    filterScript,
    lanesScript,
    rowsScript,
    sliderScript,
    detailScript,
    keysScript,
    startScript,
  ];
  return `'use strict';(() => {${parts.join('')}})();`;
}
