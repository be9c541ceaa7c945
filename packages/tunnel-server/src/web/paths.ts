/** Everything below this belongs to Wingman: the app never sees it and can't answer it. */
const RESERVED_PREFIX = '/__wingman/';

/** The path of a request target, without query. */
export function pathOf(target: string | undefined): string {
  return (target ?? '/').split('?', 1)[0] ?? '/';
}

/** Whether a path is the reserved prefix or below it. */
export function isReserved(path: string): boolean {
  return `${path}/`.startsWith(RESERVED_PREFIX);
}
