/** The code of an error of the operating system, such as ECONNREFUSED; empty when it is another error. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
