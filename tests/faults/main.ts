import { spawn } from 'node:child_process';
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lab } from '../lab/network.js';
import { running } from '../support/program.js';
import { Interruption } from './interruption.js';
import { HELP, parseOptions, type Options } from './options.js';
import { runCampaign } from './run-campaign.js';
import { runSeamCampaign } from './run-seam.js';

const BUNDLES = dirname(fileURLToPath(import.meta.url));
/** Set in the process that runs in the viewer's namespace: the lab's name. */
const LAB = 'WINGMAN_FAULT_LAB';

/** Makes the lab and runs this program again in the viewer's place. */
async function around(options: Options): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
  const lab = await Lab.create(options.delayMs);
  try {
    const args = [...process.argv.slice(1), '--seed', String(options.seed)];
    const [command, rest] = lab.inside('viewer', [process.execPath, ...args]);
    const env = { ...process.env, [LAB]: lab.name };
    const child = spawn(command, rest, { stdio: 'inherit', env });
    // The child ends first, and then the lab goes.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => child.kill(signal));
    }
    return await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  } finally {
    await lab.remove();
  }
}

async function inLab(name: string, options: Options): Promise<number> {
  process.on('exit', () => {
    for (const program of running) program.signal('SIGKILL');
  });
  const scratch = mkdtempSync(join(tmpdir(), 'wingman-campaign-'));
  try {
    const isWhole = await runCampaign({
      lab: Lab.existing(name),
      options,
      bundles: BUNDLES,
      scratch,
      interruption: new Interruption(),
    });
    return isWhole ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.seamRuns > 0) return (await runSeamCampaign(options.seed, options.seamRuns)) ? 0 : 1;
  const lab = process.env[LAB];
  return lab === undefined ? around(options) : inLab(lab, options);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `error: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
    );
    process.exit(2);
  },
);
