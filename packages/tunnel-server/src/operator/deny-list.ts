import { ConfigError } from '@wingman/node-kit';
import { isSessionName, splitSessionName } from '@wingman/protocol';
import { BlockList } from 'node:net';
import { addNetwork, includesAddress } from './networks.js';
import { ListFile, type ListFileOptions } from './list-file.js';

/** What a deny list says: names of sessions, addresses and networks. */
class Denied {
  readonly #names = new Set<string>();
  readonly #addresses = new BlockList();

  /** `refused` is told of lines that are none of these. */
  constructor(
    readonly lines: readonly string[],
    refused: (line: string) => void,
  ) {
    for (const line of lines) {
      if (isSessionName(line)) this.#names.add(line);
      else if (!addNetwork(this.#addresses, line)) refused(line);
    }
  }

  hasName(session: string): boolean {
    return this.#names.has(session) || this.#names.has(splitSessionName(session).main);
  }

  hasAddress(address: string): boolean {
    return includesAddress(this.#addresses, address);
  }
}

const NO_FILE =
  'This server has no deny list. Name a file for it: DENY_LIST=./deny-list.txt (--deny-list)';

const NOBODY = new Denied([], () => undefined);

/** Whom the operator doesn't serve, by the file of this node, which is read again when it changes, and by those of others. */
export class DenyList {
  readonly #file: ListFile<Denied> | undefined;
  readonly #changed: () => void;
  #others = NOBODY;

  /** Without a path nobody is denied here. Throws ConfigError for a file that can't be read. */
  constructor(
    path: string | undefined,
    options: Pick<ListFileOptions<unknown>, 'clock' | 'logger'> & { changed?: () => void },
  ) {
    this.#changed = options.changed ?? (() => undefined);
    this.#file = path === undefined ? undefined : new ListFile({ ...options, path, parse });
  }

  /** The entries of this node's file. */
  get lines(): readonly string[] {
    return this.#own.lines;
  }

  /** A main session is denied with the sessions of its other ports. */
  deniesName(session: string): boolean {
    return this.#own.hasName(session) || this.#others.hasName(session);
  }

  deniesAddress(address: string): boolean {
    return this.#own.hasAddress(address) || this.#others.hasAddress(address);
  }

  /** What other nodes deny, all of it. A newer one may say what this one doesn't know. */
  alsoDeny(lines: readonly string[]): void {
    this.#others = new Denied(lines, () => undefined);
    this.#changed();
  }

  /** Denies somebody more from now on, and after a restart. Throws ConfigError, or what the system says of the file. */
  add(entry: string): void {
    if (this.#file === undefined) throw new ConfigError(NO_FILE);
    this.#file.add(entry);
  }

  close(): void {
    this.#file?.close();
  }

  get #own(): Denied {
    return this.#file?.value ?? NOBODY;
  }
}

function parse(lines: readonly string[]): Denied {
  return new Denied(lines, (line) => {
    throw new ConfigError(
      `"${line}" is not valid in a deny list. A line is the whole name of a session, an address, or a network such as 192.0.2.0/24`,
    );
  });
}
