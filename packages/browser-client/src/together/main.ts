import { TOGETHER_API } from './api.js';
import { showTogether } from './show.js';
import css from './together.css';

Object.assign(window, { [TOGETHER_API]: showTogether(document, css) });
