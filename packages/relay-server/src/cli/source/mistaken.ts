import { statSync } from 'node:fs';
import { meantBy } from '../../slip.js';

/** A URL that isn't of this machine by plain HTTP, with its scheme and its host. */
const ADDRESS = /^(https?):\/\/(\[[^\]]*\]|[^/:]+)/i;
/** Only a path has these. */
const PATH = /[/\\]|^\.|^~/;

/**
 * Why what was typed is nothing to share, with what to do; undefined when that can't be told. `commands` are those that
 * may have been meant.
 */
export function mistaken(typed: string, commands: readonly string[]): string | undefined {
  const [, scheme, host = ''] = ADDRESS.exec(typed) ?? [];
  if (scheme !== undefined) return mistakenAddress(scheme.toLowerCase(), host);
  const meant = meantBy(typed, commands);
  if (meant !== undefined) return `${typed} is no command, port or folder. Is ${meant} meant?`;
  const found = statSync(typed, { throwIfNoEntry: false });
  if (found?.isFile() === true)
    return `${typed} is a file. Share its folder: the page is then at its name there.`;
  return found === undefined && PATH.test(typed)
    ? `there is no folder ${typed} here. Build it first, or name another.`
    : undefined;
}

function mistakenAddress(scheme: string, host: string): string | undefined {
  if (!['localhost', '127.0.0.1', '[::1]'].includes(host.toLowerCase()))
    return `${host} is another machine: only apps on this one can be shared.`;
  return scheme === 'https'
    ? "An app that speaks https here can't be shared: start it by plain http. Viewers get https from the tunnel server."
    : undefined;
}
