import { beforeEach, expect, test } from '@jest/globals';
import type { ExchangePath } from '@wingman/protocol';
import { Summary } from '../src/cli/terminal/summary.js';
import { FakeClock } from './support/fake-clock.js';

const NOTHING = { sent: 0, unclaimed: 0 };

let clock: FakeClock;
let summary: Summary;

beforeEach(() => {
  clock = new FakeClock();
  summary = new Summary(clock);
});

function answered(path: ExchangePath, bytes: number): void {
  summary.request({
    ...{
      id: '-1',
      viewer: undefined,
      kind: 'http',
      method: 'GET',
      port: 0,
      page: '/',
      status: 200,
    },
    ...{ state: 'done', code: undefined, ms: 1, bytes, path },
  });
}

test('says nothing where nobody came', () => {
  clock.advance(60_000);
  expect(summary.lines(NOTHING)).toEqual([]);
});

test('says for how long, who came, and what was carried by which way', () => {
  summary.joined('one', 'relay');
  summary.joined('two', 'p2p');
  summary.pathChanged('one', 'p2p');
  summary.pathChanged('one', 'relay');
  summary.pathChanged('one', 'p2p');
  summary.joined('three', 'relay');
  summary.left('three');
  summary.pathChanged('three', 'p2p');
  answered('relay', 2_048);
  answered('p2p', 1_024);
  answered('p2p', 1_024);
  answered('ingress', 10);
  answered('turn', 0);
  clock.advance(150_000);
  expect(summary.lines(NOTHING)).toEqual([
    'In 3 minutes: 3 viewers (2 with a direct path); 5 requests, 2.0 KiB direct, 2.0 KiB over the relay, 10 B plain HTTP.',
  ]);
});

test('says how much was sent ahead, and for nothing', () => {
  answered('relay', 0);
  expect(summary.lines({ sent: 40, unclaimed: 3 })[1]).toBe(
    'Sent ahead: 40 answers, 3 of them never asked for.',
  );
});

test.each([
  [1_000, '1 second'],
  [119_000, '119 seconds'],
  [3_600_000, '60 minutes'],
  [7_200_000, '2 hours'],
])('after %i ms says %s', (ms, text) => {
  answered('relay', 0);
  clock.advance(ms);
  expect(summary.lines(NOTHING)).toEqual([
    `In ${text}: 0 viewers (0 with a direct path); 1 request.`,
  ]);
});
