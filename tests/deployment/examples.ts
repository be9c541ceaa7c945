import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { eventually, Program, ROOT } from '../support/program.js';
import { RelayViewer } from '../support/relay-viewer.js';
import { inFolder } from './in-folder.js';

/** A dev server compiles before it listens. */
const START_MS = 90_000;

/** The session URL in what was printed. */
function urlIn(text: string): string | undefined {
  return /https?:\/\/\S+#k=[\w-]+/.exec(text)?.[0];
}

/** Runs the examples as their READMEs say, with the package that the checkout makes, and looks at each as a viewer. */
export function checkExamples(): Promise<string[]> {
  return inFolder(async (folder) => {
    execFileSync(process.execPath, ['scripts/package.mjs', folder], { cwd: ROOT, stdio: 'ignore' });
    const name = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? 'no tarball';
    const install = (example: string): string => installed(example, folder, join(folder, name));
    const [express, next] = [install('express'), install('next')];
    return [
      `express: ${await byScript(express, 'Hello from Express')}`,
      `next: ${await byScript(next, 'Hello from Next.js')}`,
      `github-preview: ${await byPreview(express)}`,
    ];
  });
}

/** A copy of an example with its packages, and ours among them. */
function installed(example: string, folder: string, tarball: string): string {
  const copy = join(folder, example);
  cpSync(join(ROOT, 'examples', example), copy, { recursive: true });
  const install = (...what: string[]): void => {
    const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', ...what];
    execFileSync('npm', args, { cwd: copy, stdio: 'ignore' });
  };
  install();
  install('--no-save', tarball);
  return copy;
}

async function byScript(cwd: string, text: string): Promise<string> {
  const env = { PORT: String(await freePort()), TUNNEL_PORT: '0', NEXT_TELEMETRY_DISABLED: '1' };
  const program = new Program('npm', ['run', 'share'], { cwd, env, group: true });
  try {
    const said = (): string | undefined => urlIn(program.lines.join('\n'));
    const url = await eventually('a session URL', said, START_MS);
    return await shown(url, text);
  } catch (error) {
    throw new Error(program.output(), { cause: error });
  } finally {
    await program.stop();
  }
}

/** The workflow's own script, as a step of a job runs it. */
async function byPreview(cwd: string): Promise<string> {
  cpSync(join(ROOT, 'examples/github-preview/share-preview.sh'), join(cwd, 'share-preview.sh'));
  const summary = join(cwd, 'summary.md');
  const env = { GITHUB_STEP_SUMMARY: summary, PORT: String(await freePort()), TUNNEL_PORT: '0' };
  const step = new Program('./share-preview.sh', ['npm', 'start'], { cwd, env, group: true });
  try {
    const url = await eventually('a URL in the summary', () =>
      urlIn(readFileSync(summary, 'utf8')),
    );
    return await shown(url, 'Hello from Express');
  } finally {
    step.signal('SIGTERM');
    await step.exited;
  }
}

async function shown(url: string, wanted: string): Promise<string> {
  const viewer = await RelayViewer.join({ ready: { url, session: '', server: '' } });
  const { status, text } = await viewer.get('/');
  viewer.close();
  if (status !== 200 || !text.includes(wanted)) throw new Error(`${url} shows ${status}: ${text}`);
  return `a viewer sees “${wanted}”`;
}
