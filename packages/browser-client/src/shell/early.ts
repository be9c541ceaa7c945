import { parseBoot } from '../shared/boot.js';
import { isDoor, throughDoor } from './door.js';
import { startEarly, trustOwnScripts, type EarlyStart } from './early-start.js';
import { findKey } from './link-key.js';

declare global {
  interface Window {
    /** What the first script of the page hands to the second. */
    wingmanEarly?: EarlyStart | undefined;
  }
}

trustOwnScripts(window);
const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
if (isDoor(location)) void passOn();
else window.wingmanEarly = startEarly(boot, document);

async function passOn(): Promise<void> {
  const { key } = findKey(window);
  location.replace(await throughDoor(boot.session, location, await key));
}
