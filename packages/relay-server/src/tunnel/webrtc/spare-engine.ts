import { parseIceUrl } from '@wingman/node-kit';
import { BoundedMap, WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import type { IceServerAddress, PeerEngine } from './engine.js';

/** Loads the spare engine; undefined when it doesn't load, or isn't to be used. Never rejects. */
export type LoadSpare = () => Promise<PeerEngine | undefined>;

/**
 * A second engine for viewers that the usual one doesn't reach. The usual one costs less and has no TURN over TCP
 * or TLS; nor does it take the checks that Chromium sends from an address at such a server. So the spare one is loaded
 * once an attempt has failed while a server like that is named, and used for the viewers of such attempts.
 */
export class SpareEngine {
  readonly #usual: PeerEngine;
  readonly #load: LoadSpare;
  /** Links whose last attempt with the usual engine has failed. */
  readonly #unreached = new BoundedMap<string, true>(HOST_LIMITS.awaitedOffers);
  #spare: PeerEngine | undefined;
  #isAsked = false;

  constructor(usual: PeerEngine, load: LoadSpare) {
    this.#usual = usual;
    this.#load = load;
  }

  /** The engine for the next attempt of a link. */
  engineFor(linkId: string): PeerEngine {
    const isUnreached = this.#unreached.get(linkId) === true;
    return (isUnreached ? this.#spare : undefined) ?? this.#usual;
  }

  /** An attempt has failed while these servers were named. Tells, once, when another engine would be needed and there is none. */
  async failed(
    linkId: string,
    servers: readonly IceServerAddress[],
    tell: (error: WingmanError) => void,
  ): Promise<void> {
    if (this.#usual.name === 'wrtc' || !servers.some(needsStream)) return;
    this.#unreached.set(linkId, true);
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#spare = await this.#load();
    if (this.#spare === undefined) tell(new WingmanError('TIMEOUT', MISSING));
  }
}

const MISSING =
  'a TURN server is named that is reached by TCP or TLS, which the WebRTC engine node-datachannel can’t use; ' +
  'with --engine auto and the package @roamhq/wrtc installed, or with a TURN server on UDP, it would help';

/** Whether a TURN server is reached by TCP or TLS (RFC 7065). */
function needsStream({ urls }: IceServerAddress): boolean {
  return urls.some((url) => {
    const { scheme, transport } = parseIceUrl(url) ?? {};
    return scheme === 'turns' || (scheme === 'turn' && transport === 'tcp');
  });
}
