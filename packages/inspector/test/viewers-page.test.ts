import { describe, expect, jest, test } from '@jest/globals';
import { h } from 'preact';
import type { Sample, ViewerInfo, ViewersState, VisitorEntry } from '../src/api/index.js';
import { button, click, show, textOf, textsOf, usePage } from './support/page.js';

// The library of the charts looks for a document as it is loaded, and so after the support has made one.
const { ViewersPage } = await import('../src/page/viewers-page.js');
const page = usePage();

const viewerOf = (fields: Partial<ViewerInfo> = {}): ViewerInfo => ({
  ...{ id: 'abcdefghij', browser: 'Firefox', path: 'p2p', rttMs: 12, switches: 2 },
  ...{ lanes: [], candidates: [] },
  ...fields,
});
const visitorOf = (fields: Partial<VisitorEntry> = {}): VisitorEntry => ({
  ...{ number: 1, browser: 'Chromium', standing: 'waiting' },
  ...fields,
});
const sampleOf = (fields: Partial<Sample> = {}): Sample => ({
  ...{ at: 1_000, rttMs: 30, down: 2_048, up: 512, path: 'relay' },
  ...fields,
});

const showPage = (state: Partial<ViewersState>): Promise<void> =>
  show(page.root, h(ViewersPage, { state: { viewers: [], visitors: [], samples: {}, ...state } }));

describe('a viewer', () => {
  test('has its link’s beginning, browser, path and round trip', async () => {
    await showPage({ viewers: [viewerOf({ address: '192.0.2.1' })] });
    expect(textOf(page.root, 'section h2')).toBe('abcdef Firefox direct');
    // The number is that of the terminal.
    await showPage({ viewers: [viewerOf({ visitor: 3 })] });
    expect(textOf(page.root, 'section h2')).toBe('#3 abcdef Firefox direct');
    await showPage({ viewers: [viewerOf({ address: '192.0.2.1' })] });
    expect(textOf(page.root, 'section p')).toBe(
      'At 192.0.2.1, says the server. Round trip 12 ms; path changes: 2.',
    );
  });

  test('whose address the server doesn’t tell has none', async () => {
    await showPage({ viewers: [viewerOf({ rttMs: null })] });
    expect(textOf(page.root, 'section p')).toBe('Round trip –; path changes: 2.');
  });

  test('has a line for each carrier, bytes as the viewer sees them', async () => {
    const lanes = [
      { kind: 'relay', rttMs: 40, in: 1_024, out: 2_048 },
      { kind: 'p2p', rttMs: null, in: 0, out: 0 },
    ] as const;
    await showPage({ viewers: [viewerOf({ lanes })] });
    expect(textsOf(page.root, '.lanes tbody td')).toEqual([
      ...['relay', '40 ms', '2.0 KiB', '1.0 KiB'],
      ...['direct', '–', '0 B', '0 B'],
    ]);
  });

  test('has the candidates of both ends', async () => {
    const candidates = [
      { end: 'host', type: 'srflx', protocol: 'udp', address: '198.51.100.7' },
      { end: 'viewer', type: 'host', protocol: 'tcp', address: '192.0.2.3' },
    ] as const;
    await showPage({ viewers: [viewerOf({ candidates })] });
    expect(textOf(page.root, 'summary')).toBe('2 candidates');
    expect(textsOf(page.root, 'li')).toEqual([
      'host: 198.51.100.7 udp, srflx',
      'viewer: 192.0.2.3 tcp, host',
    ]);
  });

  test('stands with what its browser may do; a browser without a tab stands below', async () => {
    await showPage({
      viewers: [viewerOf({ visitor: 1 })],
      visitors: [visitorOf(), visitorOf({ number: 2, browser: 'Safari', standing: 'refused' })],
    });
    expect(textOf(page.root, 'section h2 .standing')).toContain('wants in');
    expect(textsOf(page.root, '.visitor').length).toBe(1);
    expect(textOf(page.root, '.visitor')).toContain('Safari refused');
  });

  test('where there is none the page says so', async () => {
    await showPage({});
    expect(textOf(page.root, 'main p')).toBe('Nobody has the session open.');
    expect(page.root.querySelector('h2')).toBe(null);
  });
});

describe('a visitor', () => {
  test.each<[VisitorEntry['standing'], string[]]>([
    ['waiting', ['Let in', 'Refuse']],
    ['refused', ['Let in']],
    ['admitted', ['Remove']],
    ['new', ['Refuse']],
  ])('who is %s can be told %j', async (standing, buttons) => {
    await showPage({ visitors: [visitorOf({ standing })] });
    expect(textsOf(page.root, 'button')).toEqual(buttons);
  });

  test.each([
    ['Let in', 'POST visitors/7/accept'],
    ['Refuse', 'POST visitors/7/refuse'],
  ])('%s tells the host', async (label, path) => {
    page.host.answer(path.slice(5), '');
    await showPage({ visitors: [visitorOf({ number: 7 })] });
    await click(button(page.root, label));
    expect([page.host.paths, textOf(page.root, '[role=alert]')]).toEqual([[path], '']);
  });

  test('who has gone can be told nothing, until it works again', async () => {
    await showPage({ visitors: [visitorOf({ number: 7 })] });
    await click(button(page.root, 'Let in'));
    expect(textOf(page.root, '[role=alert]')).toBe('That can’t be done now.');
    page.host.answer('visitors/7/accept', '');
    await click(button(page.root, 'Let in'));
    expect(textOf(page.root, '[role=alert]')).toBe('');
  });
});

describe('charts', () => {
  const figures = (): string[] => textsOf(page.root, 'figcaption strong');
  const showSamples = (samples: readonly Sample[]): Promise<void> =>
    showPage({ viewers: [viewerOf()], samples: { abcdefghij: samples } });

  test('have the newest values in words, for those who don’t see them', async () => {
    await showSamples([sampleOf({ rttMs: 99 }), sampleOf({ at: 2_000 })]);
    expect(figures()).toEqual(['30 ms', '2.0 KiB/s / 512 B/s', 'relay']);
    const labels = [...page.root.querySelectorAll('[role=img]')];
    expect(labels[0]?.getAttribute('aria-label')).toBe('Round trip over ten minutes, now 30 ms');
  });

  test('follow what comes, and know a round trip that isn’t known', async () => {
    await showSamples([sampleOf()]);
    await showSamples([sampleOf(), sampleOf({ at: 2_000, rttMs: null, path: 'offline' })]);
    expect([figures()[0], figures()[2]]).toEqual(['–', 'offline']);
  });

  test('of a viewer of whom nothing is known yet are empty', async () => {
    await showSamples([]);
    expect(figures()).toEqual(['–', '– / –', '–']);
  });

  test('name their lines where there are several', async () => {
    await showSamples([sampleOf()]);
    expect(textsOf(page.root, '.legend').map((text) => text.trim())).toEqual([
      'to the viewer from the viewer',
    ]);
  });

  test('watch their size no longer when the viewer has gone', async () => {
    const stopped = jest.spyOn(ResizeObserver.prototype, 'disconnect');
    await showSamples([sampleOf()]);
    expect(page.root.querySelectorAll('canvas').length).toBe(3);
    await showPage({});
    expect(stopped).toHaveBeenCalledTimes(3);
  });
});
