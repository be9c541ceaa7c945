import { packageVersion } from '@wingman/node-kit';

/** The version of this program. */
export const OWN_VERSION = packageVersion(new URL('../../package.json', import.meta.url));

/** What the developer is told of a tunnel server whose program is newer; undefined where it is not, or says nothing. */
export function newerVersion(theirs: string, own: string): string | undefined {
  const isVersion = /^\d+\.\d+\.\d+$/.test(theirs);
  if (!isVersion || theirs.localeCompare(own, 'en', { numeric: true }) <= 0) return undefined;
  return `there is a newer Wingman: the tunnel server has ${theirs}, this is ${own}`;
}
