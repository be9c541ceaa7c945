import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { h } from 'preact';
import type { ExchangeDetail, ExchangeSummary } from '../src/api/index.js';
import { Detail } from '../src/page/detail.js';
import { Waterfall } from '../src/page/waterfall.js';
import * as support from './support/page.js';

const { button, click, detailOf, show, summaryOf, textOf, textsOf, usePage } = support;
const page = usePage();
let told: unknown[];
beforeEach(() => void (told = []));

function showDetail(fields: Partial<ExchangeSummary> = {}, compared?: number): Promise<void> {
  return show(
    page.root,
    h(Detail, {
      summary: summaryOf(fields),
      compared,
      onCompare: (id) => void told.push(['compare', id]),
      onSelect: (id) => void told.push(['select', id]),
      onClose: () => void told.push('close'),
    }),
  );
}

const showing = (detail: Partial<ExchangeDetail>): Promise<void> => {
  const { id = 1 } = detail;
  page.host.answer(`exchanges/${id}`, detailOf(detail));
  return showDetail({ id });
};

describe('the detail of an exchange', () => {
  test('is asked for anew whenever the list says that something has changed', async () => {
    await showing({ outcome: 'running' });
    expect(textOf(page.root, 'dl')).toContain('still open');
    page.host.answer('exchanges/1', detailOf({ outcome: 'complete', durationMs: 20 }));
    await showDetail();
    expect(textOf(page.root, 'dl')).toContain('complete after 20 ms');
    expect(page.host.paths).toEqual(['exchanges/1', 'exchanges/1']);
  });

  test('never shows the one before under the head of the next', async () => {
    await showing({ id: 1, statusText: 'First' });
    page.host.answer('exchanges/2', () => new Response('Forgotten.', { status: 404 }));
    await showDetail({ id: 2, target: '/second' });
    expect(page.root.textContent).toContain('/second');
    expect(page.root.textContent).not.toContain('First');
    expect(textOf(page.root, '[role=alert]')).toBe('Forgotten.');
  });

  test('that comes after another was chosen is thrown away', async () => {
    let answerLate: (answer: Response) => void = () => undefined;
    const late = new Promise<Response>((resolve) => (answerLate = resolve));
    page.host.answer('exchanges/1', () => late);
    await showDetail({ id: 1 });
    await showing({ id: 2, statusText: 'Second' });
    await support.doing(() => answerLate(Response.json(detailOf({ statusText: 'Late' }))));
    expect(page.root.textContent).toContain('Second');
    expect(page.root.textContent).not.toContain('Late');
  });

  test('says by whom it ended, with the code, and every path that carried it', async () => {
    await showing({
      ...{ outcome: 'aborted', code: 'LINK_LOST', by: 'viewer', durationMs: 1_500 },
      ...{ paths: ['relay', 'p2p', 'turn'], upload: 10, download: 2_048, port: 8080 },
    });
    expect(textsOf(page.root, 'dd').map((text) => text.replace(/\s+/g, ' ').trim())).toEqual([
      '200 OK',
      'aborted LINK_LOST by the viewer after 1.5 s',
      'relay → direct → by TURN',
      'abcdef',
      'localhost:8080',
      '10 B / 2.0 KiB',
    ]);
  });

  test('says calmly what was asked ahead of the page and not used', async () => {
    await showing({ outcome: 'unused', durationMs: 5 });
    expect(page.root.textContent).toContain(
      'asked ahead of the page, which did not need the answer,',
    );
    expect(page.root.textContent).not.toContain('aborted');
  });

  test.each<[string, Partial<ExchangeDetail>, string[]]>([
    ['a request', {}, ['Overview', 'Request', 'Answer', 'Replay']],
    [
      'an event stream',
      { type: 'text/event-stream' },
      ['Overview', 'Messages', 'Request', 'Answer', 'Replay'],
    ],
    // It can't be sent again by a form.
    ['a WebSocket', { kind: 'websocket' }, ['Overview', 'Messages', 'Request', 'Answer']],
  ])('of %s has its tabs', async (_, fields, tabs) => {
    await showing(fields);
    expect(textsOf(page.root, '[role=tab]')).toEqual(tabs);
  });

  test('shows a head as the app got it and as it was sent, secrets marked', async () => {
    await showing({
      sent: [{ name: 'host', value: 'localhost:3000' }],
      asked: [{ name: 'cookie', value: 'a=••••••', isSecret: true }],
    });
    await click(button(page.root, 'Request'));
    expect(textsOf(page.root, 'caption')).toEqual(['As the app got it', 'As it was sent']);
    expect(textOf(page.root, 'tr.secret')).toBe('cookiea=••••••');
    await click(button(page.root, 'Answer'));
    expect(page.root.textContent).toContain('Fields: none.');
  });
});

describe('secrets', () => {
  test('are asked for by a press only, and given up for the next exchange', async () => {
    await showing({ hasSecrets: true });
    page.host.answer('exchanges/1?secrets=1', detailOf({ hasSecrets: true, statusText: 'Shown' }));
    await click(button(page.root, 'Show secrets'));
    expect(page.root.textContent).toContain('Shown');
    await showing({ id: 2, hasSecrets: true });
    expect(page.host.paths.at(-1)).toBe('exchanges/2');
    expect(button(page.root, 'Show secrets').getAttribute('aria-pressed')).toBe('false');
  });

  test('have no button where nothing is masked', async () => {
    await showing({ hasSecrets: false });
    expect(() => button(page.root, 'Show secrets')).toThrow();
  });

  test('are in a command only while they are shown', async () => {
    const copied: string[] = [];
    const writeText = (text: string) => Promise.resolve(void copied.push(text));
    Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
    page.host.answer('exchanges/1/curl?', 'curl masked');
    page.host.answer('exchanges/1/curl?secrets=1', 'curl shown');
    page.host.answer('exchanges/1?secrets=1', detailOf({ hasSecrets: true }));
    await showing({ hasSecrets: true });
    await click(button(page.root, 'Copy as curl'));
    expect(textOf(page.root, '.actions [role=status]')).toBe('Copied');
    await click(button(page.root, 'Show secrets'));
    await click(button(page.root, 'Copy as curl'));
    expect(copied).toEqual(['curl masked', 'curl shown']);
  });

  test('a command that can’t be copied says so', async () => {
    await showing({});
    await click(button(page.root, 'Copy as curl'));
    expect(textOf(page.root, '.actions [role=status]')).toBe('Can’t be copied');
  });
});

describe('comparing', () => {
  beforeEach(() => void page.host.answer('exchanges/3', detailOf({ id: 3 })));

  test.each([
    [undefined, 'Compare with another', ''],
    [3, 'Compare with another', 'Now choose the other one'],
    [8, 'Compare with 8', ''],
  ])('with %j before', async (compared, label, hint) => {
    await showDetail({ id: 3 }, compared);
    expect(textOf(page.root, '.actions [role=status]')).toBe(hint);
    await click(button(page.root, label));
    expect(told).toEqual([['compare', 3]]);
  });

  test('its cross closes the detail', async () => {
    await showDetail({ id: 3 });
    await click(page.root.querySelector('[aria-label=Close]')!);
    expect(told).toEqual(['close']);
  });
});

describe('tabs', () => {
  const chosen = (): string | undefined => textOf(page.root, '[aria-selected=true]');

  test('go round by the arrow keys, and take the focus along', async () => {
    await showing({});
    const list = page.root.querySelector('[role=tablist]')!;
    await support.press(list, 'ArrowLeft');
    expect([chosen(), document.activeElement?.textContent]).toEqual(['Replay', 'Replay']);
    await support.press(list, 'ArrowRight');
    await support.press(list, 'ArrowRight');
    expect(chosen()).toBe('Request');
    await support.press(list, 'x');
    expect(chosen()).toBe('Request');
  });

  test('only the chosen one can be reached by Tab, and its panel names it', async () => {
    await showing({});
    await click(button(page.root, 'Answer'));
    const tabs = [...page.root.querySelectorAll('[role=tab]')];
    expect(tabs.map((tab) => tab.getAttribute('tabindex'))).toEqual(['-1', '-1', '0', '-1']);
    const panel = page.root.querySelector('[role=tabpanel]')!;
    expect(panel.getAttribute('aria-labelledby')).toBe(tabs[2]?.id);
    expect(tabs[2]?.getAttribute('aria-controls')).toBe(panel.id);
  });
});

describe('the waterfall', () => {
  const bars = () =>
    [...page.root.querySelectorAll('rect')].map((rect) => [
      rect.getAttribute('class'),
      rect.getAttribute('x'),
      rect.getAttribute('width'),
    ]);

  test('draws each phase in its share of the whole', async () => {
    const phases = [
      { name: 'path', from: 0, ms: 20 },
      { name: 'app', from: 20, ms: 60 },
      { name: 'viewer', from: 60, ms: 40 },
    ] as const;
    await show(page.root, h(Waterfall, { exchange: detailOf({ phases }) }));
    expect(bars()).toEqual([
      ['path', '0', '200'],
      ['app', '200', '600'],
      ['viewer', '600', '400'],
    ]);
    expect(textsOf(page.root, 'td.number')).toEqual(['20 ms', '60 ms', '40 ms']);
  });

  test('a phase too short to be seen has a bar nevertheless', async () => {
    const phases = [
      { name: 'host', from: 0, ms: 0 },
      { name: 'app', from: 0, ms: 60_000 },
    ] as const;
    await show(page.root, h(Waterfall, { exchange: detailOf({ phases }) }));
    expect(bars()[0]).toEqual(['host', '0', '3']);
  });

  test('says what each phase means, by its name and by its bar', async () => {
    const phases = [
      { name: 'path', from: 0, ms: 1 },
      { name: 'host', from: 1, ms: 1 },
      { name: 'app', from: 2, ms: 1 },
      { name: 'viewer', from: 3, ms: 1 },
      { name: 'open', from: 4, ms: 1 },
    ] as const;
    await show(page.root, h(Waterfall, { exchange: detailOf({ phases }) }));
    const titlesOf = (part: string): (string | null)[] =>
      [...page.root.querySelectorAll(part)].map((found) => found.getAttribute('title'));
    expect(textsOf(page.root, 'th')).toEqual(phases.map(({ name }) => name));
    expect(titlesOf('th')).toEqual(titlesOf('td.bars'));
    expect(new Set(titlesOf('th')).size).toBe(phases.length);
    // Somebody who doesn't see the bars has the figures.
    expect(textsOf(page.root, 'td.number')).toEqual(phases.map(() => '1.0 ms'));
    expect(page.root.querySelectorAll('svg:not([aria-hidden=true])').length).toBe(0);
  });

  test('of what has just begun says so, and divides by nothing', async () => {
    const phases = [{ name: 'host', from: 0, ms: 0 }] as const;
    await show(page.root, h(Waterfall, { exchange: detailOf({ phases }) }));
    expect(page.root.textContent).toBe('It has just begun.');
  });
});

describe('saving one exchange', () => {
  /** The names under which something was saved. */
  function savedNames(): string[] {
    const names: string[] = [];
    jest.spyOn(URL, 'createObjectURL').mockReturnValue('blob:1');
    jest.spyOn(URL, 'revokeObjectURL').mockReturnValue();
    jest.spyOn(HTMLElement.prototype, 'click').mockImplementation(function (this: HTMLElement) {
      if (this.hasAttribute('download')) names.push(this.getAttribute('download') ?? '');
    });
    return names;
  }

  test('asks for it alone, masked, under its own name', async () => {
    page.host.answer('har?ids=7&', '{}');
    await showing({ id: 7, hasSecrets: true });
    const names = savedNames();
    const saving = new Event('click', { bubbles: true });
    await support.doing(() => button(page.root, 'Save as HAR').dispatchEvent(saving));
    expect([page.host.paths.at(-1), names]).toEqual(['har?ids=7&', ['wingman-7.har']]);
  });

  test('has its secrets only while they are shown', async () => {
    page.host.answer('har?ids=7&secrets=1', '{}');
    page.host.answer('exchanges/7?secrets=1', detailOf({ id: 7, hasSecrets: true }));
    await showing({ id: 7, hasSecrets: true });
    await click(button(page.root, 'Show secrets'));
    const names = savedNames();
    const saving = new Event('click', { bubbles: true });
    await support.doing(() => button(page.root, 'Save as HAR').dispatchEvent(saving));
    expect([page.host.paths.at(-1), names.length]).toEqual(['har?ids=7&secrets=1', 1]);
  });
});

describe('a replay from the detail', () => {
  test('leads to the exchange that it has made', async () => {
    page.host.answer('replay', { id: 12 });
    await showing({});
    await click(button(page.root, 'Replay'));
    await click(button(page.root, 'Send to the app'));
    expect(told).toEqual([['select', 12]]);
  });

  test('keeps what was edited while the list goes on telling of changes', async () => {
    await showing({ outcome: 'running' });
    await click(button(page.root, 'Replay'));
    await support.type(page.root.querySelectorAll('input')[1]!, '/edited');
    page.host.answer('exchanges/1', detailOf({ outcome: 'complete' }));
    await showDetail();
    expect(page.root.querySelectorAll('input')[1]?.value).toBe('/edited');
  });
});

describe('an exchange without an answer', () => {
  test('has a dash for its status, and what has come is a request alone', async () => {
    await showing({
      status: undefined!,
      statusText: '',
      outcome: 'running',
      durationMs: undefined!,
    });
    const [status, ended] = textsOf(page.root, 'dd').map((text) => text.trim());
    expect([status, ended?.replace(/\s+/g, ' ')]).toEqual(['–', 'still open after –']);
    await click(button(page.root, 'Answer'));
    expect(page.root.textContent).toContain('No body.');
  });

  test('that was refused says the code of the refusal', async () => {
    await showing({
      status: 403,
      statusText: 'Forbidden',
      outcome: 'refused',
      code: 'KEY_MISSING',
    });
    expect(textOf(page.root, 'dl')).toMatch(/403 Forbidden.*refused KEY_MISSING/);
    // Nobody has ended it under way.
    expect(textOf(page.root, 'dl')).not.toContain('by the');
  });

  test('of a repeated field has each line, in their order', async () => {
    const answer = ['a=1', 'b=2', 'a=3'].map((value) => ({ name: 'set-cookie', value }));
    await showing({ answer });
    await click(button(page.root, 'Answer'));
    expect(textsOf(page.root, '.fields td')).toEqual(['a=1', 'b=2', 'a=3']);
    expect(textsOf(page.root, '.fields th').every((name) => name === 'set-cookie')).toBe(true);
  });
});
