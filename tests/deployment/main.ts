import { running } from '../support/program.js';
import { checkCompose } from './compose.js';
import { checkContainer } from './container.js';
import { checkGuide } from './guide.js';
import { checkCaddy, checkNginx } from './proxies.js';
import { checkDocs } from './docs.js';
import { checkExamples } from './examples.js';
import { checkPrometheus } from './prometheus.js';
import { checkSystemd } from './systemd.js';
import { checkVersions } from './versions.js';

/** What is checked, and what a machine needs for it. */
const CHECKS: Readonly<Record<string, () => Promise<string[]>>> = {
  versions: checkVersions,
  examples: checkExamples,
  docs: checkDocs,
  caddy: checkCaddy,
  nginx: checkNginx,
  systemd: checkSystemd,
  prometheus: checkPrometheus,
  guide: checkGuide,
  container: checkContainer,
  compose: checkCompose,
};

const asked = process.argv.slice(2);
const names = asked.length === 0 ? Object.keys(CHECKS) : asked;

for (const name of names) {
  const check = CHECKS[name];
  if (check === undefined)
    throw new Error(`no check ${name}; there are ${Object.keys(CHECKS).join(', ')}`);
  try {
    for (const line of await check()) console.log(`${name}: ${line}`);
  } catch (error) {
    console.error(`${name}: FAILED`, error);
    process.exitCode = 1;
  }
}
for (const program of running) program.signal('SIGKILL');
process.exit();
