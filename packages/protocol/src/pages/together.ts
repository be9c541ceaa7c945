import { RESERVED_PREFIX } from '../names/reserved.js';

/** What a tab does together with others: it hears who is there, leads, or follows who leads. */
export const TOGETHER_PARTS = ['watch', 'lead', 'follow'] as const;
export type TogetherPart = (typeof TOGETHER_PARTS)[number];

/** Of a page's width and height, each 0 to 1. */
export type Fraction = readonly [x: number, y: number];

/** Where the tab that leads is: all that the others learn of it. */
export interface Place {
  /** Path, query and fragment within the session. */
  readonly path: string;
  /** How far the page is scrolled, of what can be scrolled. */
  readonly scroll: Fraction;
  /** Where the pointer is, of the whole page; null when there is none to show. */
  readonly pointer: Fraction | null;
}

/** What a tab that leads sends. */
export interface TogetherMove {
  /** From `welcome`: only the tab that leads knows it. */
  readonly token: string;
  readonly place: Place;
}

/** What the host tells a tab that takes part. */
export type TogetherEvent =
  | { readonly event: 'welcome'; readonly token: string }
  | {
      readonly event: 'here';
      /** Tabs that have the session open. */
      readonly viewers: number;
      readonly isLed: boolean;
      readonly followers: number;
    }
  | { readonly event: 'place'; readonly place: Place };

/** The longest path that is followed: longer ones are no addresses that people look at. */
export const MAX_PLACE_CHARS = 2_048;

/** A path of visible characters; its second character can't begin the name of another host. */
const PATH = /^\/(?![/\\])[\x21-\x7e]*$/;

/** A place as somebody else has sent it; undefined for anything that isn't one within a session of the app. */
export function readPlace(value: unknown): Place | undefined {
  const { path, scroll, pointer } = fieldsOf(value);
  if (typeof path !== 'string' || !isAppPath(path) || !isFraction(scroll)) return undefined;
  if (pointer !== null && !isFraction(pointer)) return undefined;
  return { path, scroll, pointer };
}

/** The fields of a JSON object; none for another value. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Whether a path leads to the app, on whatever origin it is resolved: never elsewhere, nor to our own pages. */
function isAppPath(path: string): boolean {
  if (path.length > MAX_PLACE_CHARS || !PATH.test(path)) return false;
  const { origin, pathname } = new URL(path, 'http://session');
  return origin === 'http://session' && !`${pathname}/`.startsWith(RESERVED_PREFIX);
}

function isFraction(value: unknown): value is Fraction {
  const isPart = (part: unknown): boolean => typeof part === 'number' && part >= 0 && part <= 1;
  return Array.isArray(value) && value.length === 2 && value.every(isPart);
}
