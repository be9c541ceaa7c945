import { describe, expect, test } from '@jest/globals';
import { hideInTimings } from '../../src/shim/hide-ours.js';

const SHIM = 'https://s.example/shim.js';

function pageWith(names: string[], protocol = '') {
  class PerformanceResourceTiming {
    constructor(readonly name: string) {}

    get nextHopProtocol(): string {
      return protocol;
    }
  }
  const entries = names.map((name) => new PerformanceResourceTiming(name));
  const performance = {
    getEntriesByType: () => [...entries],
    clearResourceTimings: () => void entries.splice(0),
  };
  const location = { origin: 'https://s.example' };
  const page = { performance, PerformanceResourceTiming, location };
  hideInTimings(page as unknown as Window & typeof globalThis, SHIM);
  return { left: () => entries.map(({ name }) => name), PerformanceResourceTiming };
}

describe('the timings of what a page loads', () => {
  test('begin with the page’s own', () => {
    expect(pageWith([SHIM]).left()).toEqual([]);
  });

  test('lose nothing of the page’s own', () => {
    const own = 'https://s.example/a.js';
    expect(pageWith([SHIM, own]).left()).toEqual([SHIM, own]);
    expect(pageWith([own]).left()).toEqual([own]);
  });

  test('name a protocol for what the app has answered, and no other', () => {
    const { PerformanceResourceTiming } = pageWith([]);
    const protocolOf = (name: string) => new PerformanceResourceTiming(name).nextHopProtocol;
    expect(protocolOf('https://s.example/a.js')).toBe('http/1.1');
    expect(protocolOf('https://s.example.other/a.js')).toBe('');
  });

  test('keep the protocol that the browser names', () => {
    const { PerformanceResourceTiming } = pageWith([], 'h2');
    expect(new PerformanceResourceTiming('https://s.example/a.js').nextHopProtocol).toBe('h2');
  });
});
