/** The code of an error of the operating system, such as ECONNREFUSED; empty when it is another error. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What some codes mean, for who has not met them. */
const MEANINGS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name is known',
  EAI_AGAIN: 'the name server does not answer',
  ECONNREFUSED: 'nothing listens there',
  ETIMEDOUT: 'nothing answers there',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no network leads there',
  EPROTO: 'it does not speak TLS',
};

/** What the code of an error means, for people; the code where that isn't known, and nothing where there is none. */
export function meaningOf(error: unknown): string {
  const code = systemCode(error);
  return MEANINGS[code] ?? code;
}

/** What went wrong, for people: Node wraps the failures of several addresses into one error without a message. */
export function messageOf(error: Error): string {
  const code = systemCode(error);
  const message = error.message || code || error.name;
  const meaning = MEANINGS[code];
  return meaning === undefined ? message : `${meaning} (${message})`;
}
