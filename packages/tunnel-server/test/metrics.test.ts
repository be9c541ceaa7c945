import { beforeEach, expect, test } from '@jest/globals';
import { Metrics } from '../src/metrics.js';
import { NO_SOURCES } from './support/no-sources.js';

let metrics: Metrics;
let sessions: number;

beforeEach(() => {
  sessions = 0;
  metrics = new Metrics({ ...NO_SOURCES, sessions: () => sessions, viewers: () => 3 });
});

test('gauges are read when they are asked for', async () => {
  expect(await metrics.value('wingman_sessions')).toBe(0);
  sessions = 2;
  expect(await metrics.value('wingman_sessions')).toBe(2);
  expect(await metrics.value('wingman_viewers')).toBe(3);
});

test('relayed bytes are there from the start, in both directions', async () => {
  const { body, contentType } = await metrics.render();
  expect(contentType).toContain('text/plain');
  expect(body).toContain('wingman_relay_bytes_total{direction="to_host"} 0');
  expect(body).toContain('wingman_relay_bytes_total{direction="to_viewer"} 0');
});

test('changes of path are there from the start, by each cause that a host can name', async () => {
  const { body } = await metrics.render();
  for (const cause of ['upgraded', 'chosen', 'fell-back', 'lost'])
    expect(body).toContain(`wingman_path_changes_total{cause="${cause}"} 0`);
});

test('a value is the sum over the labels that are not named', async () => {
  metrics.ingressRequests.inc({ status: 200 }, 2);
  metrics.ingressRequests.inc({ status: 404 });
  expect(await metrics.value('wingman_ingress_requests_total')).toBe(3);
  expect(await metrics.value('wingman_ingress_requests_total', { status: '404' })).toBe(1);
  expect(await metrics.value('wingman_ingress_requests_total', { status: '500' })).toBe(0);
});

test('what is not counted is zero', async () => {
  expect(await metrics.value('wingman_nothing')).toBe(0);
});

test('every metric has its help', async () => {
  const { body } = await metrics.render();
  const names = [...body.matchAll(/^# TYPE (wingman_\w+)/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) expect(body).toMatch(new RegExp(`^# HELP ${name} [A-Z]`, 'm'));
});

test('two of them count apart', async () => {
  const other = new Metrics(NO_SOURCES);
  other.fallbacks.inc();
  expect(await metrics.value('wingman_fallbacks_total')).toBe(0);
});
