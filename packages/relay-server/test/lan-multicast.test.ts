import { EventEmitter } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Answer } from 'dns-packet';
import { HOST_LIMITS } from '../src/limits.js';

/** Multicast DNS on a network in memory: what was sent, in order; a test says what comes. */
class FakeMulticast extends EventEmitter {
  readonly responses: Answer[][] = [];
  readonly questions: unknown[] = [];
  isDestroyed = false;
  /** Whether the system takes what is sent. */
  isStuck = false;

  respond(records: Answer[], sent?: () => void): void {
    this.responses.push(records);
    if (!this.isStuck) sent?.();
  }

  query(questions: unknown): void {
    this.questions.push(questions);
  }

  destroy(done: () => void): void {
    this.isDestroyed = true;
    done();
  }
}

let multicast: FakeMulticast;
const opened: unknown[] = [];
const ADDRESS = '192.168.1.5';
const WLAN = [{ address: ADDRESS, family: 'IPv4', internal: false }] as NetworkInterfaceInfo[];

jest.unstable_mockModule('multicast-dns', () => ({
  default: (options: unknown) => {
    opened.push(options);
    return multicast;
  },
}));
const os = await import('node:os');
jest.unstable_mockModule('node:os', () => ({ ...os, networkInterfaces: () => ({ wlan0: WLAN }) }));
const { announce, recordsOf, SERVICE } = await import('../src/cli/lan/announcement.js');
const { discover } = await import('../src/cli/lan/discover.js');

const SESSION = 'shop-abcdefghijklmnop';
const ANNOUNCED = {
  ...{ session: SESSION, sharedBy: 'Ada', address: ADDRESS, port: 8787, isTls: false },
};

beforeEach(() => {
  jest.useFakeTimers();
  multicast = new FakeMulticast();
  opened.length = 0;
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('an announcement', () => {
  const failures: Error[] = [];
  const begun = () => announce(ANNOUNCED, (error) => failures.push(error));
  const asked = (...names: string[]): void => {
    multicast.emit('query', { questions: names.map((name) => ({ name, type: 'PTR' })) });
  };

  beforeEach(() => {
    failures.length = 0;
  });

  test('is made twice on the network of that address alone, and taken back once', async () => {
    const announcement = begun();
    expect(opened).toEqual([{ interface: ADDRESS, bind: '0.0.0.0' }]);
    multicast.emit('ready');
    expect(multicast.responses).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(multicast.responses).toHaveLength(2);
    await announcement.withdraw();
    const [, , goodbye = []] = multicast.responses;
    expect(goodbye.map((record) => 'ttl' in record && record.ttl)).toEqual([0, 0, 0, 0, 0]);
    expect([multicast.responses.length, multicast.isDestroyed]).toEqual([3, true]);
  });

  test('answers who asks for it by any of its names, in any case, and for nothing else', async () => {
    const announcement = begun();
    for (const name of [SERVICE, SERVICE.toUpperCase(), `${SESSION}.${SERVICE}`]) {
      await jest.advanceTimersByTimeAsync(HOST_LIMITS.announceMs * 3);
      const before = multicast.responses.length;
      asked('_http._tcp.local', name);
      expect(multicast.responses).toHaveLength(before + 1);
    }
    await jest.advanceTimersByTimeAsync(HOST_LIMITS.announceMs);
    const before = multicast.responses.length;
    asked('_http._tcp.local', `other-abcdefghijklmnop.${SERVICE}`, '', `x${SERVICE}`);
    // A question without questions is one that a stranger can send.
    multicast.emit('query', {});
    expect(multicast.responses).toHaveLength(before);
    await announcement.withdraw();
  });

  test('makes no flood of answers of a flood of questions', async () => {
    const announcement = begun();
    for (let sent = 0; sent < 1_000; sent += 1) {
      asked(SERVICE);
      await jest.advanceTimersByTimeAsync(5);
    }
    expect(multicast.responses).toHaveLength(5);
    await announcement.withdraw();
  });

  test('that the system lets nobody make is told, and can be taken back', async () => {
    const announcement = begun();
    const error = Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
    // The socket's and that of the bind: the library tells each.
    multicast.emit('error', error);
    multicast.emit('error', error);
    expect(failures).toEqual([error]);
    await announcement.withdraw();
    expect(multicast.isDestroyed).toBe(true);
  });

  test('lasts through what nobody can read and a network that is gone', async () => {
    const announcement = begun();
    multicast.emit('warning', new Error('ENETUNREACH'));
    expect(failures).toEqual([]);
    await announcement.withdraw();
  });

  test('holds the end of a session up for a while at most, when its goodbye is stuck', async () => {
    const announcement = begun();
    multicast.isStuck = true;
    let isOver = false;
    void announcement.withdraw().then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(HOST_LIMITS.goodbyeMs - 1);
    expect(isOver).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect([isOver, multicast.isDestroyed]).toEqual([true, true]);
  });
});

describe('who looks for sessions', () => {
  let written: string[];
  let stop: AbortController;

  beforeEach(() => {
    written = [];
    stop = new AbortController();
  });

  const looking = (json = false): Promise<number> => {
    const write = (text: string): void => void written.push(text);
    return discover({ address: ADDRESS, json, write, columns: 60, stop: stop.signal });
  };
  /** A packet as the library reads it, where texts are bytes. */
  const heard = (records: readonly Answer[], sender = '192.168.1.9'): void => {
    const texts = (data: unknown): Buffer[] =>
      [data].flat().map((text) => Buffer.from(String(text)));
    const answers = records.map((record) =>
      record.type === 'TXT' ? { ...record, data: texts(record.data) } : record,
    );
    multicast.emit('response', { answers }, { address: sender });
  };
  const nameOf = (index: number): string =>
    `shop-${String(index)
      .padStart(16, 'a')
      .replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '')}`;
  /** Lets what has been begun come to where it listens. */
  const settled = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

  test('asks three times, hears until its time is over, and says what to do next', async () => {
    const found = looking();
    await settled();
    multicast.emit('ready');
    await jest.advanceTimersByTimeAsync(HOST_LIMITS.discoverMs - 1);
    heard(recordsOf(ANNOUNCED));
    await jest.advanceTimersByTimeAsync(1);
    expect(await found).toBe(1);
    expect(multicast.questions).toEqual(Array(3).fill([{ name: SERVICE, type: 'PTR' }]));
    expect(written).toEqual([
      `  ${SESSION}, by Ada: http://192.168.1.9:8787/\n`,
      expect.stringContaining('its whole link'),
    ]);
    expect(multicast.isDestroyed).toBe(true);
  });

  test('is told when there is nothing; a program sees that by itself', async () => {
    for (const json of [false, true]) {
      const found = looking(json);
      await settled();
      stop.abort();
      expect(await found).toBe(0);
    }
    expect(written).toEqual([expect.stringMatching(/Nobody shares[^]*\n.*--lan/)]);
    expect(
      written
        .join('')
        .split('\n')
        .every((line) => line.length <= 60),
    ).toBe(true);
  });

  test('sees each session once, and no more of a stranger’s than there are places', async () => {
    const found = looking(true);
    await settled();
    for (let index = 0; index < HOST_LIMITS.discovered * 2; index += 1)
      heard(recordsOf({ ...ANNOUNCED, session: nameOf(index) }), `192.168.1.${index}`);
    heard(recordsOf({ ...ANNOUNCED, session: nameOf(0), sharedBy: 'Eve' }), '192.168.1.66');
    stop.abort();
    expect(await found).toBe(HOST_LIMITS.discovered);
    const events = written.map((line) => JSON.parse(line) as { session: string; url: string });
    expect(new Set(events.map(({ session }) => session)).size).toBe(HOST_LIMITS.discovered);
    expect(events[0]).toMatchObject({ sharedBy: 'Ada', url: 'http://192.168.1.0:8787/' });
  });

  test('keeps the terminal, whatever a stranger calls itself', async () => {
    const found = looking();
    await settled();
    heard(recordsOf({ ...ANNOUNCED, sharedBy: '\u001b]0;x\u0007\u009b2J\n\u202eadA' }));
    stop.abort();
    await found;
    expect(written[0]).toBe(
      `  ${SESSION}, by \ufffd]0;x\ufffd\ufffd2J\ufffd\ufffdadA: http://192.168.1.9:8787/\n`,
    );
  });

  test('a name that is cut is cut between characters', async () => {
    const found = looking(true);
    await settled();
    heard(recordsOf({ ...ANNOUNCED, sharedBy: `x${'\u{1f9d1}'.repeat(40)}` }));
    stop.abort();
    await found;
    const { sharedBy } = JSON.parse(written[0] ?? '') as { sharedBy: string };
    expect(sharedBy).toBe(`x${'\u{1f9d1}'.repeat(29)}`);
  });

  test('reads names without regard to case, as DNS does', async () => {
    const found = looking(true);
    await settled();
    const loud = recordsOf(ANNOUNCED).map((record) =>
      record.type === 'SRV' ? { ...record, name: record.name.toUpperCase() } : record,
    );
    heard(loud);
    stop.abort();
    await found;
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ session: SESSION, sharedBy: 'Ada' });
  });

  test('is told that the system lets nobody listen, and nothing is left behind', async () => {
    const failed = expect(looking()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await settled();
    const error = Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
    multicast.emit('error', error);
    // The library tells the socket's error, and then the bind's.
    expect(() => multicast.emit('error', error)).not.toThrow();
    await failed;
    expect(multicast.isDestroyed).toBe(true);
  });
});
