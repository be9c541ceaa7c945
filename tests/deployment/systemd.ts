import { join } from 'node:path';
import { copyFileSync } from 'node:fs';
import { ROOT } from '../support/program.js';
import { inFolder, output } from './in-folder.js';

/** systemd's own scale goes from 0 (tight) to 10; a unit without any of its settings has 9.6. */
const MOST_EXPOSURE = 2;

/** Reads the unit as systemd does, and says how much it leaves open. It isn't started: a test is not the first process. */
export function checkSystemd(): Promise<string[]> {
  return inFolder((folder) => {
    const unit = join(folder, 'wingman.service');
    copyFileSync(join(ROOT, 'deploy/wingman.service'), unit);
    output('systemd-analyze', 'verify', unit);
    const report = output('systemd-analyze', 'security', '--offline=true', '--no-pager', unit);
    const [line = '', level = '10'] = /exposure level for \S+ ([\d.]+)/.exec(report) ?? [];
    if (Number(level) > MOST_EXPOSURE) throw new Error(report);
    return Promise.resolve([`verified, not started; ${line}`]);
  });
}
