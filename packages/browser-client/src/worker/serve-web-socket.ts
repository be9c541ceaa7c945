import { systemClock, toWingmanError, type Clock, type OpenedWebSocket } from '@wingman/protocol';
import type { SocketCommand, SocketEvent } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';

const ABNORMAL_CLOSURE = 1006;

/** One WebSocket between a page's port and the link; every one ends with `closed`. */
export class ServedWebSocket {
  readonly #abort = new AbortController();
  readonly #early: SocketCommand[] = [];
  #socket: OpenedWebSocket | undefined;

  constructor(
    private readonly port: MessagePort,
    private readonly clock: Clock = systemClock,
  ) {
    port.onmessage = (event: MessageEvent<SocketCommand>) => this.#handle(event.data);
  }

  /** Opens and serves the socket until it is closed; never rejects. */
  async run(open: (signal: AbortSignal) => Promise<OpenedWebSocket>): Promise<void> {
    try {
      const socket = await open(this.#abort.signal);
      const { protocol, extensions } = await socket.accepted;
      this.#post({ kind: 'open', protocol, extensions });
      this.#socket = socket;
      for (const command of this.#early.splice(0)) this.#handle(command);
      await this.#pump(socket);
    } catch (error) {
      const { code } = toWingmanError(error, 'INTERNAL');
      this.#closed(ABNORMAL_CLOSURE, code, false);
    }
  }

  async #pump(socket: OpenedWebSocket): Promise<void> {
    for (;;) {
      const message = await socket.receive();
      if (typeof message === 'string') {
        this.#post({ kind: 'message', data: message });
      } else if (message instanceof Uint8Array) {
        this.#post({ kind: 'message', data: message });
      } else {
        return this.#closed(message.code, message.reason, message.wasClean);
      }
    }
  }

  #handle(command: SocketCommand): void {
    const socket = this.#socket;
    if (socket !== undefined) return this.#obey(socket, command);
    // Before it is open only `close` can come; then there is nothing to wait for.
    this.#early.push(command);
    if (command.kind === 'close') this.#abort.abort();
  }

  #obey(socket: OpenedWebSocket, command: SocketCommand): void {
    if (command.kind === 'close') {
      socket.close(command.code, command.reason);
      // A peer that never answers must not keep the page waiting.
      this.clock.setTimeout(() => socket.abort('TIMEOUT'), BROWSER_LIMITS.socketCloseMs);
      return;
    }
    const { data } = command;
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    const sent = (): void => this.#post({ kind: 'sent', bytes: bytes.byteLength });
    // A failed stream is told by `receive`.
    socket.send(typeof data === 'string' ? data : bytes).then(sent, () => undefined);
  }

  #closed(code: number, reason: string, wasClean: boolean): void {
    this.#post({ kind: 'closed', code, reason, wasClean });
    this.port.onmessage = null;
  }

  #post(event: SocketEvent): void {
    this.port.postMessage(event);
  }
}
