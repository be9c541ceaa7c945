import {
  type DeepPartial,
  decodeMessage,
  encodeMessage,
  newLinkId,
  ServerToViewer,
  ViewerMessage,
  type P2pEvent,
  type P2pFailure,
} from '@wingman/protocol';
import { ClientSocket } from './client-socket.js';
import type { FakeHost } from './fake-host.js';

type ToViewer = NonNullable<ServerToViewer['message']>;

/** The signaling connection of a reviewer's tab. */
export class FakeViewer {
  readonly linkId: string;
  readonly client: ClientSocket;

  private constructor(client: ClientSocket, linkId: string) {
    this.client = client;
    this.linkId = linkId;
  }

  static async connect(host: FakeHost, linkId = newLinkId()): Promise<FakeViewer> {
    const headers = { origin: `http://${host.name}` };
    const path = host.doorPath('signal', newLinkId());
    const client = await ClientSocket.open(host.port, host.name, path, headers);
    return new FakeViewer(client, linkId);
  }

  /** Connects and asks the host to take its link. */
  static async join(host: FakeHost, linkId = newLinkId()): Promise<FakeViewer> {
    const viewer = await FakeViewer.connect(host, linkId);
    viewer.request();
    return viewer;
  }

  request(linkId = this.linkId): void {
    this.send({ message: { $case: 'connectionRequest', value: { linkId } } });
  }

  report(event: P2pEvent, setupMs = 0, failure: P2pFailure = 0): void {
    const value = { linkId: this.linkId, event, setupMs, failure };
    this.send({ message: { $case: 'connectionState', value } });
  }

  send(message: DeepPartial<ViewerMessage>): void {
    this.client.send(encodeMessage(ViewerMessage, message));
  }

  async next(): Promise<ToViewer> {
    const { message } = decodeMessage(ServerToViewer, await this.client.messages.next());
    if (message === undefined) throw new Error('an empty envelope');
    return message;
  }

  /** The next message of a kind, skipping the others. */
  async find<Case extends ToViewer['$case']>(
    wanted: Case,
  ): Promise<Extract<ToViewer, { $case: Case }>> {
    for (;;) {
      const message = await this.next();
      if (isCase(message, wanted)) return message;
    }
  }
}

function isCase<Case extends ToViewer['$case']>(
  message: ToViewer,
  wanted: Case,
): message is Extract<ToViewer, { $case: Case }> {
  return message.$case === wanted;
}

/** Opens a viewer's relay WebSocket. */
export function openRelay(host: FakeHost, linkId = newLinkId()): Promise<ClientSocket> {
  const path = host.doorPath('relay', linkId);
  return ClientSocket.open(host.port, host.name, path, { origin: `http://${host.name}` });
}
