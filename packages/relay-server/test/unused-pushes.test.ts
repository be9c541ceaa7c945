import { expect, test } from '@jest/globals';
import { requestLog } from '../src/exchange/requests.js';
import { RecordStore } from '../src/inspector/record-store.js';
import { recorder } from '../src/inspector/recorder.js';
import { summaryOf } from '../src/inspector/views.js';
import { HOST_LIMITS } from '../src/limits.js';
import { files, hosted, paths, silent, tabOf } from './support/pushed-tab.js';
import { nobody } from './support/recorded.js';
import { until } from './support/until.js';

/** A tab, and what the inspector and the terminal have of its requests: the path, and how each ended. */
async function looked() {
  const host = await hosted();
  const store = new RecordStore();
  const told: string[] = [];
  host.app.observe(recorder(store, { sharedPort: host.port, rttOf: () => null }));
  host.app.observe(requestLog(({ page, state }) => told.push(`${page} ${state}`)));
  const lines = (): string[] =>
    store.all.map((record) => {
      const { target, outcome } = summaryOf(record, nobody);
      return `${target} ${outcome}`;
    });
  return { lines, told, ...(await tabOf(host)) };
}

test.each<[string, (get: Awaited<ReturnType<typeof looked>>['get']) => Promise<unknown>]>([
  ['for which the page asks with another cookie', (get) => get('/b.js', ['cookie', 'b=2'])],
  ['whose page has gone', (get) => get('/b.js', [], 'iframe', 'navigate')],
])('a request that is asked ahead, %s, is recorded as unused, and is no failure', async (_, go) => {
  files['/a.js'] = "import './b.js'";
  silent.add('/b.js');
  const { get, lines, told } = await looked();
  await get('/a.js');
  await until(() => paths().includes('/b.js'), 'the import');
  silent.clear();
  files['/b.js'] = 'export {}';
  await go(get);
  await until(() => told.length === 2, 'both requests of the page');
  expect(lines()).toEqual(['/a.js complete', '/b.js unused', '/b.js complete']);
  expect(told).toEqual(['/a.js done', '/b.js done']);
});

test('so is one whose answer is too large to be kept', async () => {
  files['/a.js'] = "import './b.js'";
  files['/b.js'] = 'x'.repeat(HOST_LIMITS.pushKeptBytes + 1);
  const { get, lines, told } = await looked();
  await get('/a.js');
  await until(() => lines().includes('/b.js unused'), 'the end of the push');
  await get('/b.js');
  await until(() => told.length === 2, 'both requests of the page');
  expect(told).toEqual(['/a.js done', '/b.js done']);
});
