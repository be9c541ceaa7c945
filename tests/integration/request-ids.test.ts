import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { get } from '../support/http.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';
import { RelayViewer } from '../support/relay-viewer.js';

let app: FixtureApp;
let server: { program: Program; url: string };
let share: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer();
  share = await Share.start(app.port, ['--server', server.url, '--no-p2p', '--ingress', 'open']);
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await app.close();
});

const LARGE = `/bytes?n=${32 * 1024 * 1024}`;

/** The id that the app was told of a request. */
function idIn(body: string): string {
  return (JSON.parse(body) as Record<string, string>)['x-request-id'] ?? '';
}

test('the app, the host’s events and problems have the id that a request has come with', async () => {
  const fields = { 'x-request-id': 'from-the-client' };
  expect(idIn((await get(share.origin, '/headers', fields)).body)).toBe('from-the-client');
  await get(share.origin, LARGE, fields);
  await eventually('the download is told', () =>
    share.events().some(({ event, id }) => event === 'transfer' && id === 'from-the-client'),
  );
});

test('a viewer’s requests have ids that name its tab, and are counted', async () => {
  const viewer = await RelayViewer.join(share);
  const ids = [await viewer.get('/headers'), await viewer.get('/headers')].map(({ text }) =>
    idIn(text),
  );
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-\d+$/);
  const [first = '', second = ''] = ids.map((id) => id.split('-')[0]);
  expect(second).toBe(first);
  expect(new Set(ids).size).toBe(2);
  viewer.close();
});
