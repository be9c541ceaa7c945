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

/** A WebSocket to the relay as a carrier. */
class RelayCarrier extends BaseCarrier {
  constructor(private readonly socket: WebSocket) {
    super();
    socket.on('message', (data: Buffer) => this.receive(data));
    socket.on('close', (code) => this.closed(`closed with ${code}`));
    socket.on('error', () => undefined);
  }

  get writable(): boolean {
    return this.socket.bufferedAmount < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    this.socket.send(message, () => this.drained());
  }

  protected shut(code: number, reason: string): void {
    this.socket.close(code, reason);
  }
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

  /** Joins the session of a URL that has the key. */
  static async join(share: Pick<Share, 'ready'>): Promise<RelayViewer> {
    const { host, port, hash, origin } = new URL(share.ready.url);
    const linkId = newLinkId();
    const key = decodeLinkKey(new URLSearchParams(hash.slice(1)).get('k') ?? '');
    const pass = await createPass(await deriveGateKey(key), 'relay', linkId);
    const path = `/__wingman/relay?link=${linkId}&pass=${pass}`;
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
      headers: { host, origin },
      perMessageDeflate: false,
    });
    const carrier = new RelayCarrier(socket);
    await once(socket, 'open');
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
