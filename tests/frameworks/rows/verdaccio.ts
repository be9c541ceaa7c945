import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program, within } from '../../support/program.js';
import type { Framework } from '../framework.js';
import { QUIET } from '../quiet.js';
import type { Visit } from '../visit.js';

const CONFIG = `storage: ./storage
web: { title: Registry }
auth: { htpasswd: { file: ./storage/htpasswd } }
packages:
  '**': { access: $all, publish: $authenticated, unpublish: $authenticated }
log: { type: stdout, format: pretty, level: warn }
`;

// The system's resolver need not know the names below localhost, as browsers do.
const LOOKUP = `const dns = require('node:dns');
const { lookup } = dns;
dns.lookup = (name, options, done) =>
  lookup(/[.](localhost|test)$/.test(name) ? 'localhost' : name, options, done);
`;

const NPM_DEADLINE_MS = 60_000;
const PACKAGE = 'a-try-of-mine';

/** Somebody's package and a project that uses it, with npm's own client on the same address as the browser. */
class Client {
  readonly #folder = mkdtempSync(join(tmpdir(), 'wingman-npm-'));
  readonly #origin: string;
  readonly #token: string;

  constructor(origin: string, token: string) {
    this.#origin = origin;
    this.#token = token;
    this.#write('lookup.cjs', LOOKUP);
    this.#write('mine/package.json', JSON.stringify({ name: PACKAGE, version: '1.2.3' }));
    this.#write('mine/readme.md', '# What it is for\n');
    this.#write('mine/index.js', `module.exports = ${JSON.stringify('ü'.repeat(300_000))};\n`);
    this.#write('user/package.json', JSON.stringify({ private: true }));
  }

  /** Runs npm in one of both folders. */
  async npm(folder: 'mine' | 'user', ...args: string[]): Promise<void> {
    const program = new Program('npm', [...args, '--registry', this.#origin], {
      cwd: join(this.#folder, folder),
      env: {
        ...QUIET,
        npm_config_cache: join(this.#folder, 'cache'),
        [`npm_config_//${new URL(this.#origin).host}/:_authToken`]: this.#token,
        NODE_OPTIONS: `--require ${join(this.#folder, 'lookup.cjs')}`,
      },
      group: true,
    });
    try {
      const code = await within(NPM_DEADLINE_MS, `npm ${args.join(' ')}`, program.exited);
      if (code !== 0)
        throw new Error(`npm ${args.join(' ')} ended with ${code}\n${program.output()}`);
    } finally {
      await program.stop();
    }
  }

  /** Length of the file that the project has from the registry. */
  installed(): number {
    return readFileSync(join(this.#folder, 'user/node_modules', PACKAGE, 'index.js')).length;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #write(name: string, text: string): void {
    const path = join(this.#folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  }
}

/** A new user, who logs in by the page's own dialog; npm has the token that the registry gives for the name. */
async function logIn(visit: Visit): Promise<string> {
  const name = `ada-${randomUUID()}`;
  const token = await visit.root.evaluate(async (user) => {
    const answer = await fetch(`/-/user/org.couchdb.user:${user}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: user, password: 'enter-here' }),
    });
    return ((await answer.json()) as { token: string }).token;
  }, name);
  await visit.press('[data-testid="header--button-login"]');
  await visit.fill('#login--dialog-username', name);
  await visit.fill('#login--dialog-password', 'enter-here');
  await visit.press('#login--dialog-button-submit');
  await visit.has('[data-testid="logInDialogIcon"]');
  return token;
}

async function useRegistry(visit: Visit): Promise<unknown> {
  const client = new Client(visit.origin, await logIn(visit));
  try {
    await client.npm('mine', 'publish');
    await visit.go('/');
    await visit.clickUntil(`a[href*="${PACKAGE}"]`, 'What it is for');
    await client.npm('user', 'install', PACKAGE);
    const installed = client.installed();
    await client.npm('mine', 'unpublish', '--force', PACKAGE);
    await visit.go('/');
    await visit.shows('No Package Published Yet');
    return installed;
  } finally {
    client.remove();
  }
}

export const verdaccio: Framework = {
  name: 'verdaccio',
  title: 'Verdaccio',
  packages: ['verdaccio'],
  scaffold: [
    {
      // A registry need not have the tag that it asks for.
      'package.json': JSON.stringify({ private: true, overrides: { 'node-fetch': '2.7.0' } }),
      'config.yaml': CONFIG,
    },
    'cd verdaccio && npm install verdaccio@6.8.0',
  ],
  start: ({ app }) => `rm -rf storage && npx verdaccio --listen ${app} --config config.yaml`,
  // The addresses of its packages are made of Host.
  shareArgs: () => ['--ingress', 'open', '--host-header', 'session'],
  shows: 'No Package Published Yet',
  edits: [],
  checks: [{ what: 'login; npm publish, install and unpublish by plain HTTP', run: useRegistry }],
  notes: ['the last minor version for Node 20', 'with --ingress open --host-header session'],
};
