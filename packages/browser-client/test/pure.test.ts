import { describe, expect, test } from '@jest/globals';
import { createLinkKey, encodeLinkKey } from '@wingman/protocol';
import { parseBoot } from '../src/shared/boot.js';
import { acceptLanguage } from '../src/shared/request-fields.js';
import { NO_LINK } from '../src/shared/status.js';
import { coverFor, type Step } from '../src/shell/cover.js';
import { parseFragment } from '../src/shell/link-key.js';
import { formatRtt, pillKind } from '../src/shell/pill-details.js';
import { cornerOf, loadPlace, movedByKey, savePlace } from '../src/shell/pill-place.js';

class MemoryStorage implements Storage {
  readonly #items = new Map<string, string>();
  [name: string]: unknown;

  get length(): number {
    return this.#items.size;
  }

  clear(): void {
    this.#items.clear();
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
}

describe('the link key', () => {
  const key = createLinkKey();
  const text = encodeLinkKey(key);

  test('is read from the fragment, apart from the app’s own', () => {
    expect(parseFragment(`#k=${text}`)).toEqual({ key, appHash: '' });
    expect(parseFragment(`#k=${text}#/route?x`)).toEqual({ key, appHash: '#/route?x' });
    expect(parseFragment('#/route')).toEqual({ key: null, appHash: '#/route' });
    expect(parseFragment('')).toEqual({ key: null, appHash: '' });
    expect(parseFragment(`#k=${text.slice(1)}`)).toEqual({ key: null, appHash: '' });
  });
});

describe('the boot record', () => {
  test('is read field by field', () => {
    const boot = {
      session: 's',
      serverOrigin: 'https://x',
      prekey: 'AA',
      ingressAllowed: true,
      p2p: { enabled: false, timeoutMs: 5 },
      linkGraceMs: 7,
      version: '1',
    };
    expect(parseBoot(JSON.stringify(boot))).toEqual(boot);
  });

  test.each([undefined, null, '', 'not json', '[]', '{"p2p":7,"prekey":1}'])(
    'a garbled one (%s) is the cautious default',
    (text) => {
      expect(parseBoot(text)).toMatchObject({
        prekey: null,
        ingressAllowed: false,
        p2p: { enabled: true, timeoutMs: 10_000 },
        linkGraceMs: 60_000,
      });
    },
  );
});

describe('the cover', () => {
  const journey = (steps: Step[], more = {}) => ({
    done: new Set(steps),
    problem: null,
    isLate: false,
    file: null,
    hasLeft: false,
    ...more,
  });

  test('shows nothing at first, progress when it takes long, and leaves when the app is there', () => {
    expect(coverFor(journey([]))).toEqual({ kind: 'blank' });
    expect(coverFor(journey(['browser'], { isLate: true }))).toEqual({ kind: 'progress' });
    expect(coverFor(journey(['app'], { isLate: true }))).toEqual({ kind: 'none' });
    const file = { isLate: true, file: 'saved' } as const;
    expect(coverFor(journey(['host'], file))).toEqual({ kind: 'file', isSaved: true });
    expect(coverFor(journey(['app'], file))).toEqual({ kind: 'none' });
    const left = { hasLeft: true, problem: 'HOST_OFFLINE' };
    expect(coverFor(journey(['app'], left))).toEqual({ kind: 'left' });
  });

  test('tells problems before the app is there, and afterwards only what ends it', () => {
    const offline = { problem: 'HOST_OFFLINE' };
    expect(coverFor(journey([], offline))).toEqual({ kind: 'problem', code: 'HOST_OFFLINE' });
    expect(coverFor(journey(['app'], offline))).toEqual({ kind: 'none' });
    expect(coverFor(journey(['app'], { problem: 'SESSION_ENDED' }))).toMatchObject({
      kind: 'problem',
    });
  });
});

describe('the pill', () => {
  test('says which way it is', () => {
    expect(pillKind({ ...NO_LINK, mode: 'p2p' }, false)).toBe('direct');
    expect(pillKind({ ...NO_LINK, mode: 'relay' }, false)).toBe('relayed');
    expect(pillKind(NO_LINK, false)).toBe('offline');
    expect(pillKind({ ...NO_LINK, hasLost: true }, false)).toBe('lost');
    expect(pillKind({ ...NO_LINK, hasLost: true, mode: 'relay' }, false)).toBe('relayed');
    expect(pillKind(NO_LINK, true)).toBe('ingress');
  });

  test('formats for people', () => {
    expect([formatRtt(null), formatRtt(0.64), formatRtt(81.2)]).toEqual(['–', '0.6 ms', '81 ms']);
  });

  test('remembers its corner', () => {
    const storage = new MemoryStorage();
    const place = { vertical: 'top', horizontal: 'left', isHidden: true } as const;
    expect(loadPlace(storage)).toMatchObject({ vertical: 'bottom', horizontal: 'right' });
    savePlace(place, storage);
    expect(loadPlace(storage)).toEqual(place);
    storage.setItem('wingman.pill', '{');
    expect(loadPlace(storage)).toMatchObject({ vertical: 'bottom', isHidden: false });
  });

  test('goes to the nearest corner, or where an arrow key says', () => {
    const size = { width: 100, height: 100 };
    expect(cornerOf({ x: 10, y: 90 }, size)).toEqual({ vertical: 'bottom', horizontal: 'left' });
    const place = loadPlace(undefined);
    expect(movedByKey(place, 'ArrowUp')).toEqual({ ...place, vertical: 'top' });
    expect(movedByKey(place, 'ArrowLeft')).toEqual({ ...place, horizontal: 'left' });
    expect(movedByKey(place, 'a')).toBe(place);
  });
});

describe('small things', () => {
  test('languages have falling weights', () => {
    expect(acceptLanguage(['de-AT', 'de', 'en'])).toBe('de-AT,de;q=0.9,en;q=0.8');
    expect(acceptLanguage([])).toBeNull();
  });
});
