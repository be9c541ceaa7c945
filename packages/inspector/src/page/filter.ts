import type { ExchangeSummary } from '../api/index.js';

/** Whether a line stays in the list. */
type Test = (exchange: ExchangeSummary) => boolean;

/** The words that may stand before a colon, and how each compares its value with an exchange. */
const FIELDS: Readonly<Record<string, (value: string) => Test>> = {
  method: (value) => (exchange) => exchange.method.toLowerCase() === value,
  // 4 stands for all of 4xx.
  status: (value) => (exchange) =>
    String(exchange.status ?? '').startsWith(value.replace(/x+$/, '')),
  type: (value) => (exchange) => (exchange.type ?? '').includes(value),
  path: (value) => (exchange) => exchange.path === (value === 'direct' ? 'p2p' : value),
  viewer: (value) => (exchange) => isOf(exchange, value),
  port: (value) => (exchange) => String(exchange.port) === value,
  is: (value) => KINDS[value] ?? (() => false),
  slower: (value) => (exchange) => (exchange.durationMs ?? 0) >= Number(value),
  larger: (value) => (exchange) => exchange.download + exchange.upload >= Number(value),
};

const KINDS: Readonly<Record<string, Test>> = {
  error: isError,
  running: ({ outcome }) => outcome === 'running',
  unused: ({ outcome }) => outcome === 'unused',
  websocket: ({ kind }) => kind === 'websocket',
  events: ({ type }) => type === 'text/event-stream',
  image: ({ type = '' }) => type.startsWith('image/'),
  replay: ({ path }) => path === 'replay',
};

/** For the page's help. */
export const FILTER_HELP =
  'Words are searched in method, path and type. Also: status:4xx method:post type:json path:relay viewer:… port:… ' +
  `slower:500 larger:10000, is:${Object.keys(KINDS).join(', is:')}. A - before one turns it round.`;

/** The lines that have all that is asked for. */
export function filtered(
  exchanges: readonly ExchangeSummary[],
  query: string,
): readonly ExchangeSummary[] {
  const tests = query.toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  return tests.length === 0
    ? exchanges
    : exchanges.filter((one) => tests.every((test) => test(one)));
}

/** What looks like a field of a query and is none, with its colon: its word is searched as it stands. */
export function noFields(query: string): string[] {
  const named = query.toLowerCase().matchAll(/(?:^|\s)-?([a-z]+):(?!\/\/)/g);
  return [...named].flatMap(([, name = '']) => (Object.hasOwn(FIELDS, name) ? [] : [`${name}:`]));
}

/** Whether it went wrong, by the status or by its end. */
export function isError({ status = 0, outcome }: ExchangeSummary): boolean {
  return status >= 400 || outcome === 'aborted' || outcome === 'refused';
}

/** Whether a visitor is meant: by the number, by words of the browser's name, or by the link's id. */
function isOf({ viewer, visitor }: ExchangeSummary, value: string): boolean {
  const number = /^#?(\d{1,5})$/.exec(value)?.[1];
  if (visitor === undefined) return viewer.startsWith(value);
  if (number !== undefined) return String(visitor.number) === number;
  return viewer.startsWith(value) || visitor.browser.toLowerCase().includes(value);
}

function testOf(word: string): Test {
  if (word.startsWith('-') && word.length > 1) {
    const test = testOf(word.slice(1));
    return (exchange) => !test(exchange);
  }
  const colon = word.indexOf(':');
  const field = FIELDS[word.slice(0, Math.max(colon, 0))];
  if (field !== undefined) return field(word.slice(colon + 1));
  return ({ method, target, type = '' }) =>
    `${method} ${target} ${type}`.toLowerCase().includes(word);
}
