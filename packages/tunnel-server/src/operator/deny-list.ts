import { ConfigError } from '@wingman/node-kit';
import { isSessionName, splitSessionName } from '@wingman/protocol';
import { BlockList, isIP } from 'node:net';
import { ListFile, type ListFileOptions } from './list-file.js';

/** What a deny list says: names of sessions, addresses and networks. */
interface Denied {
  readonly names: ReadonlySet<string>;
  readonly addresses: BlockList;
}

/** Whom the operator doesn't serve; read again when its file changes. */
export class DenyList {
  readonly #file: ListFile<Denied> | undefined;

  /** Without a path nobody is denied. Throws ConfigError for a file that can't be read. */
  constructor(
    path: string | undefined,
    options: Pick<ListFileOptions<unknown>, 'clock' | 'logger' | 'changed'>,
  ) {
    this.#file = path === undefined ? undefined : new ListFile({ ...options, path, parse });
  }

  /** A main session is denied with the sessions of its other ports. */
  deniesName(session: string): boolean {
    const names = this.#file?.value.names;
    return names?.has(session) === true || names?.has(splitSessionName(session).main) === true;
  }

  deniesAddress(address: string): boolean {
    const family = isIP(address);
    if (family === 0) return false;
    return this.#file?.value.addresses.check(address, family === 6 ? 'ipv6' : 'ipv4') === true;
  }

  close(): void {
    this.#file?.close();
  }
}

function parse(lines: readonly string[]): Denied {
  const names = new Set<string>();
  const addresses = new BlockList();
  for (const line of lines) {
    if (isSessionName(line)) names.add(line);
    else if (!addAddress(addresses, line)) throw mistake(line);
  }
  return { names, addresses };
}

/** Adds an address, or a network such as 192.0.2.0/24; false when the text is neither. */
function addAddress(addresses: BlockList, text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) {
    addresses.addAddress(address, kind);
    return true;
  }
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (bits > (family === 6 ? 128 : 32)) return false;
  addresses.addSubnet(address, bits, kind);
  return true;
}

function mistake(line: string): ConfigError {
  return new ConfigError(
    `"${line}" is not valid in a deny list. A line is the whole name of a session, an address, or a network such as 192.0.2.0/24`,
  );
}
