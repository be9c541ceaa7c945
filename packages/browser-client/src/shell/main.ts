import { parseBoot } from '../shared/boot.js';
import { Shell } from './shell.js';

const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
void new Shell(boot, window.wingmanEarly).start();
