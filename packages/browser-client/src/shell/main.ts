import { parseBoot } from '../shared/boot.js';
import { isDoor } from './door.js';
import pillCss from './pill.css';
import { Shell } from './shell.js';

const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
if (!isDoor(location)) void new Shell(boot, window.wingmanEarly, pillCss).start();
