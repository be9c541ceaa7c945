import { parseBoot } from '../shared/boot.js';
import pillCss from './pill.css';
import { Shell } from './shell.js';

const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
void new Shell(boot, window.wingmanEarly, pillCss).start();
