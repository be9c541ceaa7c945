import type { SentCase, ServerToViewer, Timer } from '@wingman/protocol';
import type { Ending, SessionPart } from '../sessions/session.js';
import { SERVER_LIMITS } from '../limits.js';

/** A viewer's signaling connection, as its session sees it. */
export interface ViewerPort {
  send(message: SentCase<ServerToViewer>): void;
  close(code: number, reason: string): void;
  /** Where the browser connects from. */
  readonly address: string;
}

/** A viewer, as an operator sees one. */
export interface ListedViewer {
  readonly viewer: string;
  readonly address: string;
}

/** Of a link's id operators see so much: it tells tabs apart, and opens nothing. */
const SHOWN_ID_CHARS = 8;

export function shownLinkId(linkId: string): string {
  return linkId.slice(0, SHOWN_ID_CHARS);
}

/** What became of a viewer's wish to join: another tab of the same link is replaced. */
export type Joining = { joined: true; replaced: ViewerPort | undefined } | { joined: false };

/** The viewers of one session: capped, and found by the link they own. */
export class ViewerRoster implements SessionPart {
  readonly #maxViewers: number;
  readonly #connected = new Set<ViewerPort>();
  readonly #byLink = new Map<string, ViewerPort>();
  /** Waits for tabs that may come back, by link. */
  readonly #waits = new Map<string, Timer>();

  constructor(maxViewers: number) {
    this.#maxViewers = maxViewers;
  }

  /** Signaling connections now. */
  get size(): number {
    return this.#connected.size;
  }

  /** Those that have joined. */
  list(): ListedViewer[] {
    return [...this.#byLink].map(([id, { address }]) => ({ viewer: shownLinkId(id), address }));
  }

  /** Takes a connection; false when the session has too many. */
  connect(viewer: ViewerPort): boolean {
    if (this.#connected.size >= this.#maxViewers + SERVER_LIMITS.viewerSocketSlack) return false;
    this.#connected.add(viewer);
    return true;
  }

  /** Gives the viewer its link. */
  join(linkId: string, viewer: ViewerPort): Joining {
    const holder = this.#byLink.get(linkId);
    if (holder === undefined && this.#byLink.size >= this.#maxViewers) return { joined: false };
    this.#byLink.set(linkId, viewer);
    this.stopWaiting(linkId);
    return { joined: true, replaced: holder === viewer ? undefined : holder };
  }

  /** Forgets a connection; true when it owned the link, so that the host has to be told. */
  disconnect(viewer: ViewerPort, linkId: string | undefined): boolean {
    this.#connected.delete(viewer);
    if (linkId === undefined || this.#byLink.get(linkId) !== viewer) return false;
    return this.#byLink.delete(linkId);
  }

  /** A wait for a tab that has left; its return ends the wait, and so does its leaving once more. */
  waitFor(linkId: string, wait: Timer): void {
    this.stopWaiting(linkId);
    this.#waits.set(linkId, wait);
  }

  stopWaiting(linkId: string): void {
    this.#waits.get(linkId)?.cancel();
    this.#waits.delete(linkId);
  }

  byLink(linkId: string): ViewerPort | undefined {
    return this.#byLink.get(linkId);
  }

  hostOnline(): void {
    this.#broadcast({ $case: 'hostPresence', value: { online: true, sessionEnded: false } });
  }

  /** Asks all viewers to connect anew, beside what they have. */
  move(): void {
    this.#broadcast({ $case: 'move', value: {} });
  }

  hostOffline(isMoving: boolean): void {
    if (isMoving) return this.move();
    this.#broadcast({ $case: 'hostPresence', value: { online: false, sessionEnded: false } });
  }

  ended(ending: Ending): void {
    const sessionEnded = ending.code === 'SESSION_ENDED';
    const presence = { online: false, sessionEnded, endReason: ending.reason };
    this.#broadcast({ $case: 'hostPresence', value: presence });
    for (const viewer of [...this.#connected]) viewer.close(ending.closeCode, ending.message);
    for (const linkId of [...this.#waits.keys()]) this.stopWaiting(linkId);
  }

  #broadcast(message: SentCase<ServerToViewer>): void {
    for (const viewer of this.#connected) viewer.send(message);
  }
}
