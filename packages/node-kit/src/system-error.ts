/** The code of an error of the operating system, such as ECONNREFUSED; empty when it is another error. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What went wrong, for people: Node wraps the failures of several addresses into one error without a message. */
export function messageOf(error: Error): string {
  return error.message || systemCode(error) || error.name;
}
