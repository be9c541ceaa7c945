// The connections of an idle host, without what is said on them.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { beating } from './light-host.mjs';

export class BareHost {
  /** When all of its connections were open. */
  registeredAt;
  #options;

  constructor(options) {
    this.#options = options;
  }

  async start() {
    const { keepsReady, localAddress, nodes } = this.#options;
    const open = () => beating(new WebSocket(nodes[0], { perMessageDeflate: false, localAddress }));
    const sockets = Array.from({ length: keepsReady ? 2 : 1 }, open);
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    this.registeredAt = performance.now();
  }
}
