import { ConfigError } from '@wingman/node-kit';
import { isSessionName, splitSessionName } from '@wingman/protocol';
import { BlockList } from 'node:net';
import { addNetwork, includesAddress } from './networks.js';
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
    const addresses = this.#file?.value.addresses;
    return addresses !== undefined && includesAddress(addresses, address);
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
    else if (!addNetwork(addresses, line)) throw mistake(line);
  }
  return { names, addresses };
}

function mistake(line: string): ConfigError {
  return new ConfigError(
    `"${line}" is not valid in a deny list. A line is the whole name of a session, an address, or a network such as 192.0.2.0/24`,
  );
}
