import { parseBoot } from '../shared/boot.js';
import { isDoor, throughDoor } from './door.js';
import { startEarly, type EarlyStart } from './early-start.js';
import { findKey } from './link-key.js';

declare global {
  interface Window {
    /** What this script hands to the page's own code. */
    wingmanEarly?: EarlyStart | undefined;
  }
}

const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
if (isDoor(location)) void passOn();
else window.wingmanEarly = startEarly(boot, document);

async function passOn(): Promise<void> {
  const { key } = findKey(window);
  location.replace(await throughDoor(boot.session, location, await key));
}
