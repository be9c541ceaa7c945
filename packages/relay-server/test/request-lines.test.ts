import { expect, test } from '@jest/globals';
import { RequestLines } from '../src/cli/terminal/request-lines.js';
import type { RequestReport } from '../src/exchange/requests.js';
import { HOST_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';

const REPORT: RequestReport = {
  ...{
    id: '3f2a91bc-17',
    viewer: 'ann',
    kind: 'http',
    method: 'GET',
    port: 0,
    page: '/src/main.tsx',
  },
  ...{ status: 200, state: 'done', code: undefined, ms: 11.6, bytes: 4_096, path: 'p2p' },
};

function setUp(columns?: number) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const failures: string[] = [];
  const requests = new RequestLines({
    clock,
    columns: () => columns,
    now: () => new Date(2026, 10, 21, 12, 0, 5),
    mark: () => '#1',
    tell: (line, isFailure) => (isFailure ? failures : lines).push(line),
  });
  const line = (report: Partial<RequestReport>): string | undefined => {
    requests.add({ ...REPORT, ...report });
    return [...lines, ...failures].at(-1);
  };
  return { clock, requests, lines, failures, line };
}

test('a line has what was asked, what came of it, and by which way', () => {
  const { line } = setUp();
  expect(line({})).toBe('12:00:05  GET  200  12 ms  4.0 KiB  #1 direct /src/main.tsx');
  expect(line({ viewer: undefined, path: 'ingress', ms: 60_400, port: 8080 })).toBe(
    '12:00:05  GET  200   60 s  4.0 KiB  http      :8080/src/main.tsx',
  );
  expect(line({ kind: 'websocket', status: 101, state: 'open', bytes: 0, page: '/hmr' })).toBe(
    '12:00:05  WS   101  opens      0 B  #1 direct /hmr',
  );
});

test.each([
  [{ status: 404 }, '404  12 ms  4.0 KiB  #1 direct /src/main.tsx'],
  [
    { status: 502, state: 'refused', code: 'LOCAL_PORT_REFUSED' },
    '/src/main.tsx (LOCAL_PORT_REFUSED, 3f2a91bc-17)',
  ],
  [{ status: undefined, state: 'broken-off', code: 'CANCELLED' }, '---  12 ms'],
  [{ state: 'broken-off', code: 'CANCELLED' }, '/src/main.tsx (broken off, 3f2a91bc-17)'],
] as const)('%j is a failure', (report, text) => {
  const { line, failures } = setUp();
  expect(line(report)).toContain(text);
  expect(failures).toHaveLength(1);
});

test.each([80, 60, 40])(
  'in %i columns a line stays one row, with the end of its path',
  (columns) => {
    const { line } = setUp(columns);
    const page = `/${'deep/'.repeat(40)}leaf.js`;
    const text = `  ${line({ page })}`;
    expect(text.length).toBeLessThan(columns);
    expect(text).toMatch(/….*\/leaf\.js$/);
  },
);

test('a path takes nothing over', () => {
  const { line } = setUp();
  expect(line({ page: '/\u001b[2J\u202e' })).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('of a thousand modules the first are shown, failures beside them, and one line for the rest', () => {
  const { clock, requests, lines, failures } = setUp();
  for (let number = 0; number < 1_000; number++) {
    const status = number === 500 ? 404 : number % 250 === 1 ? 304 : 200;
    requests.add({ ...REPORT, status, bytes: 1_024 });
    clock.advance(2);
  }
  clock.advance(HOST_LIMITS.burstQuietMs);
  expect(failures).toHaveLength(1);
  expect(lines).toHaveLength(HOST_LIMITS.burstLines + 1);
  expect(lines.at(-1)).toBe('… and 991 more: 988 × 200, 3 × 304; 991 KiB in 2.5 s');
  expect(requests.sum).toEqual({ count: 1_000, bytes: 1_024_000 });
});

test('what never ceases is seen from time to time', () => {
  const { clock, requests, lines } = setUp();
  for (let ms = 0; ms < 4 * HOST_LIMITS.burstMs; ms += 100) {
    requests.add(REPORT);
    clock.advance(100);
  }
  expect(lines.filter((line) => line.startsWith('…'))).toHaveLength(3);
  expect(lines).toHaveLength(4 * HOST_LIMITS.burstLines + 3);
});

test('after a pause all is shown again, and nothing is said of nothing', () => {
  const { clock, requests, lines } = setUp();
  for (let number = 0; number < 3 * HOST_LIMITS.burstLines; number++) {
    requests.add(REPORT);
    clock.advance(HOST_LIMITS.burstQuietMs);
  }
  expect(lines).toHaveLength(3 * HOST_LIMITS.burstLines);
  requests.flush();
  expect(lines).toHaveLength(3 * HOST_LIMITS.burstLines);
});

test('what has failed is told with its id where there is room, and what has not without', () => {
  const failure = { state: 'refused', code: 'LOCAL_PORT_REFUSED' } as const;
  expect(setUp(120).line(failure)).toContain('(LOCAL_PORT_REFUSED, 3f2a91bc-17)');
  expect(setUp(80).line(failure)).toContain('(LOCAL_PORT_REFUSED)');
  expect(setUp(120).line({})).not.toContain('3f2a91bc');
});
