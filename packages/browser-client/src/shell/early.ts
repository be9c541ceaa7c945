import { parseBoot } from '../shared/boot.js';
import { startEarly, trustOwnScripts, type EarlyStart } from './early-start.js';

declare global {
  interface Window {
    /** What the first script of the page hands to the second. */
    wingmanEarly?: EarlyStart | undefined;
  }
}

trustOwnScripts(window);
window.wingmanEarly = startEarly(
  parseBoot(document.getElementById('wingman-boot')?.textContent),
  document,
);
