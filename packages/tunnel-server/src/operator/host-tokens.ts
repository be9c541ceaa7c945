import { ConfigError, isTokenProof, tokenKey } from '@wingman/node-kit';
import { SERVER_LIMITS } from '../limits.js';
import { ListFile, type ListFileOptions } from './list-file.js';

/** Long enough that nobody guesses it. */
const TOKEN = /^[\w-]{20,200}$/;

/** What a host shows of its token, for one registration. */
export interface TokenClaim {
  readonly session: string;
  readonly tokenProof: Uint8Array;
}

/** The tokens whose owners may register, kept as hashes only. */
export class HostTokens {
  readonly #keys: () => readonly Buffer[];
  readonly #file: ListFile<readonly Buffer[]> | undefined;

  /** `source` is a file's path, or the tokens themselves with commas between them; throws ConfigError. */
  constructor(
    source: string,
    { clock, logger }: Pick<ListFileOptions<unknown>, 'clock' | 'logger'>,
  ) {
    if (isPath(source)) {
      const file = new ListFile({ path: source, parse: keysOf, clock, logger });
      this.#file = file;
      this.#keys = () => file.value;
    } else {
      const keys = keysOf(source.split(',').map((token) => token.trim()));
      this.#keys = () => keys;
    }
  }

  /** Whether the claim was made with one of the tokens, for the connection that the nonce belongs to. */
  admits({ session, tokenProof }: TokenClaim, nonce: Uint8Array): boolean {
    return isTokenProof(this.#keys(), session, nonce, tokenProof);
  }

  close(): void {
    this.#file?.close();
  }
}

/** A token has no slash in it. */
function isPath(source: string): boolean {
  return /[/\\]/.test(source);
}

function keysOf(tokens: readonly string[]): readonly Buffer[] {
  const wrong = tokens.findIndex((token) => !TOKEN.test(token));
  if (wrong >= 0 || tokens.length === 0 || tokens.length > SERVER_LIMITS.hostTokens) {
    const which =
      wrong >= 0 ? `token ${wrong + 1} is not one` : `there are ${tokens.length} tokens`;
    throw new ConfigError(
      `HOST_TOKENS is not valid: ${which}. A token has 20 to 200 characters of A-Z, a-z, 0-9, _ and -; at most ${SERVER_LIMITS.hostTokens} of them. To make one: openssl rand -hex 32`,
    );
  }
  return tokens.map(tokenKey);
}
