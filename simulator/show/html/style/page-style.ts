import { colorStyle } from './colors.js';
import { detailStyle } from './detail.js';
import { headStyle } from './head.js';
import { laneStyle } from './lanes.js';
import { rowStyle } from './rows.js';
import { toolStyle } from './tools.js';

/** The page's one style sheet. */
export const pageStyle: string = [colorStyle, headStyle, toolStyle, laneStyle, rowStyle, detailStyle].join(
  '',
);
