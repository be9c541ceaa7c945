import { parseBoot } from '../shared/boot.js';
import { isDoor, throughDoor } from './door.js';
import { findKey } from './link-key.js';
import pillCss from './pill.css';
import { Shell } from './shell.js';

const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
if (isDoor(location)) void passOn();
else void new Shell(boot, window.wingmanEarly, pillCss).start();

async function passOn(): Promise<void> {
  const { key } = findKey(window);
  location.replace(await throughDoor(boot.session, location, await key));
}
