import { parseBoot } from '../shared/boot.js';
import { Shell } from './shell.js';

/** The page's part of the code that scripts/bundle.mjs puts into shell.html. */
export function runShell(): void {
  const boot = parseBoot(document.getElementById('wingman-boot')?.textContent);
  void new Shell(boot).start();
}
