import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/program.js';

/** Builds the site of the documents, which fails at a link between them that leads nowhere. */
export function checkDocs(): Promise<string[]> {
  execFileSync('npm', ['run', 'docs'], { cwd: ROOT, stdio: 'ignore' });
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const missing = pages.filter((name) => {
    return !existsSync(join(ROOT, 'dist/docs/docs', name.replace('.md', '.html')));
  });
  if (missing.length > 0) throw new Error(`not in the site: ${missing.join(', ')}`);
  return Promise.resolve([`${pages.length} pages of docs are in dist/docs`]);
}
