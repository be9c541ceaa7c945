import { afterEach, expect, test } from '@jest/globals';
import { eventually, ROOT } from '../support/processes.js';
import { startViteExample, type ViteExample } from '../support/vite-example.js';
import { get } from '../support/http.js';

const PLUGIN = `${ROOT}packages/relay-server/dist/library/vite.js`;

/** As a developer writes it. What is imported by a computed name is left as it is by Vite, which bundles its configuration. */
const configuration = (options: object): string => `
import react from '@vitejs/plugin-react';
const { wingman } = await import([${JSON.stringify(PLUGIN)}].join());
export default { base: '/shop/', plugins: [react(), wingman(${JSON.stringify(options)})] };
`;

/** More than the waits for programs together. */
const DEADLINE_MS = 120_000;

let example: ViteExample | undefined;

afterEach(async () => {
  await example?.stop();
});

test(
  'Vite prints the session’s URL beside its own, with its base, and the session ends with it',
  async () => {
    example = await startViteExample(configuration({ p2p: false, ingress: 'open' }));
    const url = await example.program.find('the session’s URL', (lines) =>
      lines.map((line) => /Session: (\S+)/.exec(line)?.[1]).find((found) => found !== undefined),
    );
    const { hash, origin, pathname } = new URL(url);
    expect([pathname, hash]).toEqual(['/shop/', expect.stringMatching(/^#k=[\w-]{22}$/)]);
    const page = await get(origin, '/shop/');
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('/shop/@vite/client')]);
    await example.program.stop();
    await eventually('the end of the session', () =>
      get(origin, '/shop/').then(
        () => false,
        () => true,
      ),
    );
  },
  DEADLINE_MS,
);

test(
  'Vite goes on where nothing can be shared, and says why',
  async () => {
    example = await startViteExample(configuration({ server: 'no address' }));
    const { program } = example;
    const reason = 'the dev server isn’t shared: --server "no address" is not valid';
    await eventually('the reason', () => program.output().includes(reason));
    expect((await get(`http://localhost:${example.port}`, '/shop/')).status).toBe(200);
  },
  DEADLINE_MS,
);
