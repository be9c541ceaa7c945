import { describe, expect, test } from '@jest/globals';
import { openForeignOnTop, saveThroughTunnel } from '../../src/shim/navigations.js';
import { dispatchAt, FakeElement, FakeWindow } from '../support/fake-window.js';

type Page = Window & typeof globalThis;

const HERE = 'https://s.example/page';
/** What tells a navigation from a plain one. */
interface Options {
  cancelable?: boolean;
  formData?: FormData;
  downloadRequest?: string | undefined;
}

const ELSEWHERE = 'https://other.example/';

function setUp() {
  const navigation = new EventTarget();
  const top = { location: { href: HERE }, parent: null as unknown };
  top.parent = top;
  const location = { origin: 'https://s.example' };
  const page = Object.assign(new FakeWindow(), {
    ...{ navigation, top, location, Element: FakeElement },
  });
  const saved: [url: string, name: string][] = [];
  openForeignOnTop(page as unknown as Page, top as unknown as Window);
  saveThroughTunnel(page as unknown as Page, (url, name) => saved.push([url, name]));
  /** Navigates, and says whether something has kept the frame from it. */
  const navigate = (url: string, { cancelable = true, ...more }: Options = {}): boolean => {
    const plain = { destination: { url }, formData: null, downloadRequest: null };
    const event = new Event('navigate', { cancelable });
    navigation.dispatchEvent(Object.assign(event, { ...plain, ...more }));
    return event.defaultPrevented;
  };
  return { page, top, saved, navigate };
}

/** The target that a click on a link has in the end. */
function clicked(link: FakeElement, at: unknown = link): string {
  dispatchAt(setUp().page, at, new Event('click'));
  return link.target;
}

describe('a link', () => {
  test.each([
    ['another site', ELSEWHERE, '_top'],
    ['another site without TLS', 'http://s.example/', '_top'],
    ['another port of this one', 'https://s.example:8443/', '_top'],
    ['a page of the app', 'https://s.example/other', ''],
    ['a mail program', 'mailto:a@other.example', ''],
    ['a blob', 'blob:https://other.example/1', ''],
    ['a script', 'javascript:void 0', ''],
    ['nothing that is a URL', '', ''],
  ])('to %s (%s) has the target "%s"', (_, href, target) => {
    expect(clicked(new FakeElement('a', { href }))).toBe(target);
    expect(clicked(new FakeElement('area', { href }))).toBe(target);
  });

  test.each(['_blank', '_parent', 'other'])('keeps its own target %s', (target) => {
    expect(clicked(new FakeElement('a', { href: ELSEWHERE, target }))).toBe(target);
  });

  test('that names its own frame opens on top, too', () => {
    expect(clicked(new FakeElement('a', { href: ELSEWHERE, target: '_self' }))).toBe('_top');
  });

  test('is found around what was clicked', () => {
    const link = new FakeElement('a', { href: ELSEWHERE });
    const icon = new FakeElement('img', {}, new FakeElement('span', {}, link));
    expect(clicked(link, icon)).toBe('_top');
  });

  test('without a destination, and one of SVG, whose href is no text, are left alone', () => {
    expect(clicked(new FakeElement('a'))).toBe('');
    expect(clicked(new FakeElement('a', { href: { baseVal: ELSEWHERE } }))).toBe('');
  });

  test('a click on no element is none on a link', () => {
    const { page } = setUp();
    expect(dispatchAt(page, page, new Event('click')).defaultPrevented).toBe(false);
  });
});

describe('a form', () => {
  const submitted = (form: FakeElement): string => {
    dispatchAt(setUp().page, form, new Event('submit'));
    return form.target;
  };

  test('for another site takes the tab, and one for the app stays in the frame', () => {
    expect(submitted(new FakeElement('form', { action: ELSEWHERE }))).toBe('_top');
    expect(submitted(new FakeElement('form', { action: HERE }))).toBe('');
  });

  test('with a field called "action" is left alone (HTML, "named properties of forms")', () => {
    const field = new FakeElement('input');
    expect(submitted(new FakeElement('form', { action: field }))).toBe('');
  });
});

describe('a navigation that a script starts', () => {
  test('to another site takes the tab in place of the frame', () => {
    const { navigate, top } = setUp();
    expect(navigate(ELSEWHERE)).toBe(true);
    expect(top.location.href).toBe(ELSEWHERE);
  });

  test.each([
    ['within the app', 'https://s.example/other', {}],
    ['to what is no page', 'blob:https://other.example/1', {}],
    ['that can’t be stopped', ELSEWHERE, { cancelable: false }],
    ['of a form, which has its target already', ELSEWHERE, { formData: new FormData() }],
  ])('%s stays in the frame', (_, url, more) => {
    const { navigate, top } = setUp();
    expect(navigate(url, more)).toBe(false);
    expect(top.location.href).toBe(HERE);
  });

  test('is left to browsers that have no Navigation API', () => {
    const page = Object.assign(new EventTarget(), { Element: FakeElement });
    expect(() =>
      openForeignOnTop(page as unknown as Page, page as unknown as Window),
    ).not.toThrow();
    expect(() => saveThroughTunnel(page as unknown as Page, () => undefined)).not.toThrow();
  });
});

describe('a link with `download`', () => {
  const FILE = 'https://s.example/file?x';

  test.each([
    ['a name', 'report.pdf'],
    ['the name that the answer gives', ''],
  ])('to a file of the app, with %s, is saved by the shell', (_, downloadRequest) => {
    const { navigate, saved } = setUp();
    expect(navigate(FILE, { downloadRequest })).toBe(true);
    expect(saved).toEqual([[FILE, downloadRequest]]);
  });

  test.each([
    ['a blob of the app', 'blob:https://s.example/1', {}],
    ['a data URL', 'data:text/plain,x', {}],
    ['what can’t be stopped', FILE, { cancelable: false }],
    ['an engine that doesn’t tell downloads', FILE, { downloadRequest: undefined }],
  ])('stays the browser’s for %s', (_, url, more) => {
    const { navigate, saved } = setUp();
    expect(navigate(url, { downloadRequest: 'name', ...more })).toBe(false);
    expect(saved).toEqual([]);
  });

  test('to a file of another site is no file of the app', () => {
    const { navigate, saved } = setUp();
    navigate(`${ELSEWHERE}file`, { downloadRequest: 'name' });
    expect(saved).toEqual([]);
  });
});
