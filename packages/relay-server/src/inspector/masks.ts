import { MASK, type Field } from '@wingman/inspector';
import type { Header, RequestHead } from '@wingman/protocol';
import type { Facts } from './facts.js';

/** Fields that prove who somebody is (RFC 9110 section 11), and those by which gateways do. */
const CREDENTIALS = new Set(['authorization', 'proxy-authorization', 'x-api-key', 'x-auth-token']);

/** The three heads of an exchange as the page may show them. */
export interface ShownHeads {
  readonly asked: Field[];
  readonly sent: Field[];
  readonly answer: Field[];
}

/** The heads of an exchange; without `areShown`, authorization and the cookies that no script can read are masked. */
export function shownHeads(facts: Facts, areShown: boolean): ShownHeads {
  const isReadable = scriptCookies(facts);
  const shown = ({ name, value }: Header): Field => {
    const masked = maskedValue(name, value, isReadable);
    if (masked === value) return { name, value };
    return { name, value: areShown ? value : masked, isSecret: true };
  };
  return {
    asked: facts.asked.headers.map(shown),
    sent: (facts.sent?.headers ?? []).map(shown),
    answer: (facts.head?.headers ?? []).map(shown),
  };
}

/** Takes a field's recorded value where an edited one still has the mask. */
export function unmasked(field: Field, head: Pick<RequestHead, 'headers'> | undefined): Header {
  const { name, value } = field;
  if (!value.includes(MASK)) return { name, value };
  const recorded = head?.headers.find((header) => header.name === name.toLowerCase());
  return { name, value: recorded?.value ?? value };
}

function maskedValue(name: string, value: string, isReadable: (pair: string) => boolean): string {
  if (CREDENTIALS.has(name)) return maskedCredentials(value);
  if (name === 'set-cookie') return maskedSetCookie(value);
  if (name !== 'cookie') return value;
  const pairs = value.split('; ').map((pair) => (isReadable(pair) ? pair : maskedPair(pair)));
  return pairs.join('; ');
}

/** The scheme says what kind of proof it is, and is no secret. */
function maskedCredentials(value: string): string {
  const [scheme = '', ...rest] = value.split(' ');
  return rest.length === 0 ? MASK : `${scheme} ${MASK}`;
}

function maskedSetCookie(value: string): string {
  const [pair = '', ...attributes] = value.split(';');
  const isHttpOnly = attributes.some((attribute) => attribute.trim().toLowerCase() === 'httponly');
  return isHttpOnly ? [maskedPair(pair), ...attributes].join(';') : value;
}

function maskedPair(pair: string): string {
  return `${pair.split('=', 1)[0] ?? ''}=${MASK}`;
}

/** A viewer's own cookies are those that scripts see. The jar adds the others; and plain HTTP brings both alike. */
function scriptCookies({ asked, viewer }: Facts): (pair: string) => boolean {
  if (viewer === '') return () => false;
  const fields = asked.headers.filter(({ name }) => name === 'cookie');
  const pairs = new Set(fields.flatMap(({ value }) => value.split('; ')));
  return (pair) => pairs.has(pair) && !pair.startsWith('__Host-wingman');
}
