import { parseBoot } from '../shared/boot.js';
import { isDoor } from './door.js';
import { startEarly, type EarlyStart } from './early-start.js';

declare global {
  interface Window {
    /** What this script hands to the page's own code. */
    wingmanEarly?: EarlyStart | undefined;
  }
}

const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
// The door has no tunnel: the page's own code leads on from there.
if (!isDoor(location)) window.wingmanEarly = startEarly(boot, document);
