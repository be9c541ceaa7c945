import { WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { systemCode } from '@wingman/node-kit';
import { LenientSocket } from './lenient-socket.js';

/** The only addresses this host ever dials. Dev servers listen on one of them or on both. */
const ADDRESSES = ['127.0.0.1', '::1'] as const;
type Address = (typeof ADDRESSES)[number];
type Dial = (address: Address, port: number) => Promise<LenientSocket>;

/** Says that this address family isn't there or nobody listens: the other may still answer. */
const TRY_OTHER = new Set(['ECONNREFUSED', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EAFNOSUPPORT']);

/** Connects to one port of this machine, whatever a request says. */
export class Loopback {
  readonly port: number;
  readonly #dial: Dial;
  #preferred: Address = ADDRESSES[0];

  constructor(port: number, dial: Dial = dialOnce) {
    this.port = port;
    this.#dial = dial;
  }

  /** `localhost:<port>`, as a browser on this machine would write it. */
  get authority(): string {
    return withPort('localhost', this.port);
  }

  /** What a Host field may call this port: `localhost`, 127.0.0.1 and [::1]. */
  get names(): string[] {
    return ['localhost', '127.0.0.1', '[::1]'].map((name) => withPort(name, this.port));
  }

  /** A connected socket. Fails with LOCAL_PORT_REFUSED. */
  async connect(): Promise<LenientSocket> {
    const first = this.#preferred;
    const second = first === ADDRESSES[0] ? ADDRESSES[1] : ADDRESSES[0];
    try {
      return await this.#dial(first, this.port);
    } catch (error) {
      if (!TRY_OTHER.has(systemCode(error))) throw refused(this.port, error);
      return this.#connectOther(second, error);
    }
  }

  /** Whether something listens now. */
  async answers(): Promise<boolean> {
    try {
      (await this.connect()).destroy();
      return true;
    } catch {
      return false;
    }
  }

  async #connectOther(address: Address, firstError: unknown): Promise<LenientSocket> {
    try {
      const socket = await this.#dial(address, this.port);
      this.#preferred = address;
      return socket;
    } catch {
      throw refused(this.port, firstError);
    }
  }
}

function withPort(name: string, port: number): string {
  return port === 80 ? name : `${name}:${port}`;
}

function dialOnce(host: Address, port: number): Promise<LenientSocket> {
  return new Promise((resolve, reject) => {
    const socket = new LenientSocket().connect({ host, port, noDelay: true });
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      HOST_LIMITS.localConnectMs,
    );
    // This listener stays: an error before the next owner listens must not crash the host.
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

function refused(port: number, cause: unknown): WingmanError {
  const what = systemCode(cause) === 'ETIMEDOUT' ? 'does not answer' : 'refuses connections';
  return new WingmanError('LOCAL_PORT_REFUSED', `localhost:${port} ${what}`, { cause });
}
