import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { get } from '../support/http.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share, startServer } from '../support/processes.js';
import { RelayViewer } from '../support/relay-viewer.js';

let app: FixtureApp;
let configHome: string;

beforeAll(async () => {
  app = await startFixtureApp();
  configHome = mkdtempSync(join(tmpdir(), 'wingman-config-'));
});

afterAll(async () => {
  await app.close();
  rmSync(configHome, { recursive: true, force: true });
});

/** Makes `import` of the WebRTC engines fail, as on a platform without their binaries. */
const NO_ENGINES = `--import=data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    export async function resolve(specifier, context, next) {
      if (specifier.startsWith('node-datachannel') || specifier.startsWith('@roamhq/wrtc')) {
        throw new Error('no binary for this platform');
      }
      return next(specifier, context);
    }
  \`));
`)}`;

describe('wingman share', () => {
  test('runs the tunnel server in its own process and stops cleanly on Ctrl-C', async () => {
    const share = await Share.start(app.port);
    expect(share.ready.url).toMatch(/^http:\/\/[a-z2-7]{16}\.localhost:\d+\/#k=[\w-]{22}$/);
    expect((await fetch(`${share.ready.server}/healthz`)).status).toBe(200);
    expect(await share.stop()).toBe(0);
    expect(share.events().at(-1)?.event).toBe('stopped');
    await expect(fetch(`${share.ready.server}/healthz`)).rejects.toThrow();
  });

  test('tells at its end what it has refused', async () => {
    const share = await Share.start(app.port);
    for (const path of ['/', '/hooks']) expect((await get(share.origin, path)).status).toBe(401);
    await share.stop();
    expect(share.events().at(-1)).toMatchObject({ event: 'stopped', refused: { KEY_NEEDED: 2 } });
  });

  test('lets in as many viewers as it says, at a server that was told nothing of them', async () => {
    const { program, url } = await startServer();
    const share = await Share.start(app.port, ['--server', url, '--max-viewers', '20', '--no-p2p']);
    const viewers = await Promise.all(Array.from({ length: 20 }, () => RelayViewer.join(share)));
    const answers = await Promise.all(viewers.map((viewer) => viewer.get('/')));
    expect(answers.map(({ status }) => status)).toEqual(viewers.map(() => 200));
    for (const viewer of viewers) viewer.close();
    await share.stop();
    await program.stop();
  });

  test('keeps its URL over restarts when it has a name', async () => {
    const env = { XDG_CONFIG_HOME: configHome };
    const { program, url } = await startServer();
    const first = await Share.start(app.port, ['--server', url, '--name', 'shop'], env);
    await first.stop();
    const second = await Share.start(app.port, ['--server', url, '--name', 'shop'], env);
    expect(second.ready.url).toBe(first.ready.url);
    expect(second.ready.session).toMatch(/^shop-[a-z2-7]{16}$/);
    await second.stop();
    await program.stop();
  });

  test('comes back under the same URL when the tunnel server was restarted', async () => {
    const port = String(await freePort());
    const { program, url } = await startServer(['--port', port]);
    const share = await Share.start(app.port, ['--server', url]);
    program.signal('SIGKILL');
    await program.exited;
    const again = await startServer(['--port', port]);
    await eventually(
      'the session is back',
      async () => (await share.metric('wingman_sessions')) === 1,
      30_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${share.output()}\n${again.program.output()}`);
    });
    expect(share.events().filter(({ event }) => event === 'stopped')).toEqual([]);
    await share.stop();
    await again.program.stop();
  }, 120_000);

  test('without a loadable WebRTC engine it is relay-only, and says so once', async () => {
    const share = await Share.start(app.port, [], { NODE_OPTIONS: NO_ENGINES, LOG_LEVEL: 'info' });
    // What it has said is all there only when it has ended: there are two pipes.
    await share.stop();
    const said = [...share.lines.slice(1), ...share.errors].filter((line) =>
      /relay only|relay-only/i.test(line),
    );
    expect(said).toHaveLength(1);
    expect(JSON.parse(share.lines[0] ?? '')).toMatchObject({ p2p: { enabled: false } });
  });
});
