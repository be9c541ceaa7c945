import {
  BaseCarrier,
  create,
  createPass,
  decodeLinkKey,
  deriveGateKey,
  headersFromRaw,
  headerValue,
  initiate,
  LIMITS,
  Link,
  Mux,
  newLinkId,
  request,
  RequestHead,
  type HttpResponse,
} from '@wingman/protocol';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Share } from './share.js';

/** Somebody between viewer and host who changes, drops, repeats or reorders messages; `index` counts from 0. */
export type Tamper = (message: Uint8Array, index: number) => readonly Uint8Array[];

export interface RelayOptions {
  readonly linkId?: string;
  /** What the tab's browser shows to the server. */
  readonly cookie?: string | undefined;
  readonly toHost?: Tamper;
  readonly toViewer?: Tamper;
}

const honest: Tamper = (message) => [message];

/** A WebSocket to the relay as a carrier. */
export class RelayCarrier extends BaseCarrier {
  #sent = 0;
  #received = 0;

  private constructor(
    readonly linkId: string,
    private readonly socket: WebSocket,
    private readonly toHost: Tamper,
    toViewer: Tamper,
  ) {
    super();
    socket.on('message', (data: Buffer) => {
      for (const message of toViewer(data, this.#received++)) this.receive(message);
    });
    socket.on('close', (code) => this.closed(`closed with ${code}`));
    socket.on('error', () => undefined);
  }

  /** Passes the door of a session with the pass of its link key. */
  static async open(
    share: Pick<Share, 'ready'>,
    options: RelayOptions = {},
  ): Promise<RelayCarrier> {
    const { linkId = newLinkId(), cookie, toHost = honest, toViewer = honest } = options;
    const { host, hostname: servername, port, origin } = new URL(share.ready.url);
    const server = `${origin.startsWith('https:') ? 'wss' : 'ws'}://127.0.0.1:${port}`;
    const socket = new WebSocket(server + (await relayPath(share, linkId)), {
      headers: { host, origin, ...(cookie === undefined ? {} : { cookie }) },
      // No client takes a certificate for *.localhost; what matters here is sealed by the link key.
      ...{ servername, rejectUnauthorized: false },
      perMessageDeflate: false,
    });
    const carrier = new RelayCarrier(linkId, socket, toHost, toViewer);
    await once(socket, 'open');
    return carrier;
  }

  get writable(): boolean {
    return this.socket.bufferedAmount < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    for (const each of this.toHost(message, this.#sent++)) {
      this.socket.send(each, () => this.drained());
    }
  }

  /** How many messages have been given to the socket. */
  get sent(): number {
    return this.#sent;
  }

  /** Reads nothing more from the network. */
  pause(): void {
    this.socket.pause();
  }

  /** Cut off without a word. */
  terminate(): void {
    this.socket.terminate();
  }

  protected shut(code: number, reason: string): void {
    this.socket.close(code, reason);
  }
}

/** The link key of a session's URL. */
export function linkKeyOf(share: Pick<Share, 'ready'>): Uint8Array {
  const { hash } = new URL(share.ready.url);
  return decodeLinkKey(new URLSearchParams(hash.slice(1)).get('k') ?? '');
}

/** The path of the relay's door, with a pass for this link. */
async function relayPath(share: Pick<Share, 'ready'>, linkId: string): Promise<string> {
  const pass = await createPass(await deriveGateKey(linkKeyOf(share)), 'relay', linkId);
  return `/__wingman/relay?link=${linkId}&pass=${pass}`;
}

/** What a viewer has got for a request. */
export interface Answered {
  readonly status: number;
  /** The code of a page of ours. */
  readonly code: string | undefined;
  readonly text: string;
  /** From the question to the last byte of its answer. */
  readonly milliseconds: number;
}

/** A reviewer's tab without a browser: its own link to the host, sealed with the key, over the relay. */
export class RelayViewer {
  private constructor(
    readonly link: Link,
    readonly mux: Mux,
  ) {}

  /** Joins the session of a URL that has the key; `cookie` is what the tab's browser shows to the server. */
  static async join(share: Pick<Share, 'ready'>, cookie?: string): Promise<RelayViewer> {
    const carrier = await RelayCarrier.open(share, { cookie });
    const { linkId } = carrier;
    const key = linkKeyOf(share);
    const link = new Link({ id: linkId, role: 'initiator' });
    const mux = new Mux(link);
    const proven = await initiate(carrier, { key, kind: 'relay', linkId });
    link.attach(proven.carrier, 'relay');
    return new RelayViewer(link, mux);
  }

  /** Asks for a path; resolves with the head, the body still on its way. */
  open(path: string, signal?: AbortSignal): Promise<HttpResponse> {
    const headers = headersFromRaw(['accept', '*/*']);
    const head = create(RequestHead, { method: 'GET', target: path, headers });
    return request(this.mux, head, signal === undefined ? {} : { signal });
  }

  async get(path: string): Promise<Answered> {
    const start = performance.now();
    const { head, body } = await this.open(path);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return {
      status: head.status,
      code: headerValue(head.headers, 'wingman-error'),
      text: Buffer.concat(chunks).toString(),
      milliseconds: performance.now() - start,
    };
  }

  close(): void {
    this.link.close('LINK_CLOSED');
  }
}
