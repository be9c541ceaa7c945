import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keepOwnAddress } from '../../src/shim/own-address.js';
import { settle } from '../support/fake-clock.js';
import { closeTabs, find, openTab, type Tab } from '../support/dom.js';

const HERE = 'https://s.example';
const APP = 'http://localhost:3000';

let tab: Tab;
let navigation: EventTarget;

beforeEach(() => {
  tab = openTab(`${HERE}/page`);
  navigation = new EventTarget();
  Object.defineProperty(tab, 'navigation', { value: navigation });
});

afterEach(closeTabs);

const OTHER = 'https://s-8080.example';
const ADDRESSES = { appPort: 3000, pageOrigins: new Map([[8080, OTHER]]) };

/** Keeps what the page does with what it would have gone to. */
function keep(): string[] {
  const gone: string[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void gone.push([name, ...args].join(' '));
  Object.assign(tab, { open: note('open') });
  Object.assign(tab.history, { pushState: note('push'), replaceState: note('entry') });
  Object.assign(tab.location, { assign: note('assign'), replace: note('replace') });
  keepOwnAddress(tab, ADDRESSES, true);
  return gone;
}

/** Clicks the first link of the page, and says where it leads then. */
function clicked(href: string, type = 'click'): string | null {
  tab.document.body.innerHTML = `<a href="${href}"><b></b></a>`;
  find(tab.document, 'a').addEventListener(type, (event) => event.preventDefault());
  find(tab.document, 'b').dispatchEvent(new tab.Event(type, { bubbles: true, cancelable: true }));
  return find(tab.document, 'a').getAttribute('href');
}

describe('a link', () => {
  test.each([
    [`${APP}/a?b#c`, `${HERE}/a?b#c`],
    ['http://127.0.0.1:3000/a', `${HERE}/a`],
    ['http://[::1]:3000', `${HERE}/`],
    ['http://tenant.localhost:3000/a', `${HERE}/a`],
    ['//localhost:3000/a', '//localhost:3000/a'],
    ['https://localhost:3000/a', 'https://localhost:3000/a'],
    ['http://localhost:3001/a', 'http://localhost:3001/a'],
    ['http://localhost:8080/a?b#c', `${OTHER}/a?b#c`],
    ['https://s.example:3000/a', `${HERE}/a`],
    ['http://s.example:8080/a', `${OTHER}/a`],
    ['https://s.example:3001/a', 'https://s.example:3001/a'],
    ['http://notlocalhost:3000/a', 'http://notlocalhost:3000/a'],
    ['/own', '/own'],
    ['http://[', 'http://['],
  ])('to %s leads to %s', (href, expected) => {
    keep();
    expect(clicked(href)).toBe(expected);
  });

  test.each(['auxclick', 'contextmenu'])('is turned before %s', (type) => {
    keep();
    expect(clicked(`${APP}/a`, type)).toBe(`${HERE}/a`);
  });
});

describe('a form', () => {
  test('and its button are turned, also when a script submits it', () => {
    keep();
    tab.document.body.innerHTML = `<form action="${APP}/a"><button formaction="${APP}/b"></button></form>`;
    const form = find<HTMLFormElement>(tab.document, 'form');
    form.addEventListener('submit', (event) => event.preventDefault());
    const submitter = find<HTMLButtonElement>(tab.document, 'button');
    form.dispatchEvent(new tab.SubmitEvent('submit', { submitter, cancelable: true }));
    expect([form.getAttribute('action'), submitter.getAttribute('formaction')]).toEqual([
      `${HERE}/a`,
      `${HERE}/b`,
    ]);
    form.setAttribute('action', `${APP}/c`);
    form.submit();
    expect(form.getAttribute('action')).toBe(`${HERE}/c`);
  });
});

describe('a navigation that a script starts', () => {
  const navigate = (more: Record<string, unknown>): boolean => {
    const event = new Event('navigate', { cancelable: true });
    const plain = { navigationType: 'push', formData: null, destination: { url: `${APP}/a` } };
    return !navigation.dispatchEvent(Object.assign(event, { ...plain, ...more }));
  };

  test('stays in the session, with the entry that was asked for', () => {
    const gone = keep();
    expect(navigate({})).toBe(true);
    expect(navigate({ navigationType: 'replace' })).toBe(true);
    expect(gone).toEqual([`assign ${HERE}/a`, `replace ${HERE}/a`]);
  });

  test('elsewhere, or with a form, is left alone', () => {
    const gone = keep();
    expect(navigate({ destination: { url: 'http://localhost:9999/' } })).toBe(false);
    expect(navigate({ formData: new FormData() })).toBe(false);
    expect(gone).toEqual([]);
  });
});

test('URLs in the arguments of functions are turned, and nothing else is', () => {
  const gone = keep();
  tab.open(`${APP}/a`, 'name');
  tab.open();
  tab.history.pushState(null, '', `${APP}/b`);
  tab.history.replaceState(null, '', null);
  expect(gone).toEqual([`open ${HERE}/a name`, 'open', `push   ${HERE}/b`, 'entry   ']);
});

test('frames and <base> are turned as they come, and again when they change', async () => {
  keep();
  const { document } = tab;
  document.body.innerHTML = `<div><embed src="${APP}/e"><object data="${APP}/o"></object></div>`;
  document.head.innerHTML = `<base href="${APP}/dir/">`;
  await settle();
  expect(find(document, 'embed').getAttribute('src')).toBe(`${HERE}/e`);
  expect(find(document, 'object').getAttribute('data')).toBe(`${HERE}/o`);
  expect(find(document, 'base').getAttribute('href')).toBe(`${HERE}/dir/`);
  find(document, 'embed').setAttribute('src', `${APP}/again`);
  find(document, 'object').setAttribute('data', `${APP}/again`);
  await settle();
  expect(find(document, 'embed').getAttribute('src')).toBe(`${HERE}/again`);
  expect(find(document, 'object').getAttribute('data')).toBe(`${HERE}/again`);
});

test('a frame gets the page of another port with a shell around it', async () => {
  keep();
  const { document } = tab;
  document.body.innerHTML = '<embed src="http://localhost:8080/e?f#g">';
  await settle();
  expect(find(document, 'embed').getAttribute('src')).toBe(`${OTHER}/__wingman/in/e?f#g`);
});

test('a page in a frame gets it there, unless the link is for another window', () => {
  keepOwnAddress(tab, ADDRESSES, false);
  expect(clicked('http://localhost:8080/a')).toBe(`${OTHER}/__wingman/in/a`);
  find(tab.document, 'a').setAttribute('target', '_blank');
  find(tab.document, 'a').setAttribute('href', 'http://localhost:8080/a');
  find(tab.document, 'b').dispatchEvent(new tab.Event('click', { bubbles: true }));
  expect(find(tab.document, 'a').getAttribute('href')).toBe(`${OTHER}/a`);
});

test('a document that has it already is left alone', () => {
  const gone = keep();
  keepOwnAddress(tab, ADDRESSES, true);
  const navigate = new Event('navigate', { cancelable: true });
  navigation.dispatchEvent(
    Object.assign(navigate, { navigationType: 'push', formData: null, destination: { url: APP } }),
  );
  expect(gone).toEqual([`assign ${HERE}/`]);
});
