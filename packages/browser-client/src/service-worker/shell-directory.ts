import { BoundedMap, WingmanError } from '@wingman/protocol';
import { ask, PortMux } from '@wingman/protocol/ports';
import { isFramed } from '../shared/framed.js';
import type { TunnelPort } from '../shared/exchange-messages.js';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import type { Introduction, PortWanted } from '../shared/service-worker-messages.js';

/** Where requests can go: a tab's tunnel worker, or the network when that tab has no tunnel. */
export interface ShellEntry {
  tab: string;
  clientId: string;
  /** Null in ingress mode. */
  port: TunnelPort | null;
  /** Names the session in this browser; empty while nobody has said it. */
  session: string;
  /** Whether the tab is cross-origin isolated: then its documents have to be, too. */
  isIsolated: boolean;
}

/** What the directory needs of the browser. */
export interface ShellWorld {
  /** Client ids of the pages that are shells, most recently focused first. */
  listShells(): Promise<string[]>;
  exists(clientId: string): Promise<boolean>;
  /** Asks a page to introduce itself; undefined when it does not answer in time. */
  ask(clientId: string): Promise<Introduction | undefined>;
  now(): number;
  /** Resolves after so many milliseconds. */
  pause(milliseconds: number): Promise<void>;
}

/** What is known about the sender of a request. */
export interface Requester {
  clientId: string;
  /** The id of the client that a navigation is going to make. */
  resultingClientId: string;
  url: string;
  isFrameNavigation: boolean;
}

/**
 * Finds the tunnel for a request. Everything here can be lost at any time: shells are simply asked again.
 * A tab without a tunnel counts only for its own requests, and for requests of unknown origin while no tab
 * has a tunnel: what belongs to a tab with a tunnel never goes to the network.
 */
export class ShellDirectory {
  readonly #shells = new Map<string, ShellEntry>();
  readonly #seenAt = new Map<string, number>();
  readonly #owners = new BoundedMap<string, string>(SERVICE_WORKER_LIMITS.maxOwners);
  readonly #expected = new BoundedMap<string, string>(SERVICE_WORKER_LIMITS.maxExpected);
  readonly #checks = new Map<string, Promise<boolean>>();
  /** Tabs without a tunnel. They are remembered when they are gone: pages send requests as they leave. */
  readonly #plain = new BoundedMap<string, ShellEntry>(SERVICE_WORKER_LIMITS.maxPlainTabs);
  /** The questions under way, by whether a tab without a tunnel is an answer. */
  readonly #questions = new Map<boolean, Promise<ShellEntry | undefined>>();

  constructor(private readonly world: ShellWorld) {}

  /** A shell has introduced itself. */
  add(clientId: string, { tab, port, session, isIsolated, expects }: Introduction): ShellEntry {
    const mux = port === null ? null : new PortMux(port, { onSilence: () => this.lose(tab) });
    const entry: ShellEntry = { tab, clientId, port: mux, session, isIsolated };
    this.#shells.get(tab)?.port?.retire();
    this.#shells.set(tab, entry);
    this.#seenAt.set(tab, this.world.now());
    if (mux === null) this.#plain.set(tab, entry);
    else this.#plain.delete(tab);
    if (expects !== null) this.expect(expects, tab);
    return entry;
  }

  /** The port of this tab leads nowhere any more: the shell is asked for another. */
  lose(tab: string): void {
    const entry = this.#shells.get(tab);
    if (entry !== undefined) this.#forget(entry);
  }

  /** A frame of this tab is about to load this URL. */
  expect(url: string, tab: string): void {
    this.#expected.set(url, tab);
  }

  /** A document says in which tab it lives. */
  own(clientId: string, tab: string): void {
    this.#owners.set(clientId, tab);
  }

  /** Where a request goes; waits for a shell that is only just loading. Undefined when none answers in time. */
  async find(requester: Requester): Promise<ShellEntry | undefined> {
    const tab = this.#tabOf(requester);
    const entry = (await this.#known(tab)) ?? (await this.#ask(tab === undefined));
    if (entry !== undefined && requester.resultingClientId !== '') {
      this.own(requester.resultingClientId, entry.tab);
    }
    return entry;
  }

  /** The shell of a tab; undefined when the shell is gone. This instance asks all shells if it doesn't know the tab. */
  async ofTab(tab: string): Promise<ShellEntry | undefined> {
    const known = this.#shells.get(tab);
    if (known !== undefined) return (await this.#isAlive(known)) ? known : undefined;
    for (const clientId of await this.world.listShells()) await this.#askOne(clientId);
    return this.#shells.get(tab);
  }

  /** Whether the shell of a tab is gone; forgets the shell then. */
  async isGone(tab: string): Promise<boolean> {
    const entry = this.#shells.get(tab);
    return entry === undefined || !(await this.#isAlive(entry));
  }

  async #known(tab: string | undefined): Promise<ShellEntry | undefined> {
    const plain = tab === undefined ? undefined : this.#plain.get(tab);
    if (plain !== undefined) return plain;
    const entry = tab === undefined ? this.#only() : this.#shells.get(tab);
    if (entry === undefined) return undefined;
    return (await this.#isAlive(entry)) ? entry : undefined;
  }

  #tabOf(requester: Requester): string | undefined {
    if (!requester.isFrameNavigation) return this.#owners.get(requester.clientId);
    const found = this.#owners.get(requester.resultingClientId);
    if (found !== undefined) return found;
    const tab = this.#expected.get(requester.url);
    this.#expected.delete(requester.url);
    return tab;
  }

  /** The only shell, if it has a tunnel: then there is nothing to choose. */
  #only(): ShellEntry | undefined {
    const [entry, another] = this.#shells.values();
    return another === undefined && entry?.port !== null ? entry : undefined;
  }

  async #isAlive(entry: ShellEntry): Promise<boolean> {
    const seenAt = this.#seenAt.get(entry.tab) ?? -Infinity;
    if (this.world.now() - seenAt < SERVICE_WORKER_LIMITS.shellSeenMs) return true;
    const check = this.#checks.get(entry.tab) ?? this.#check(entry);
    this.#checks.set(entry.tab, check);
    return check;
  }

  async #check(entry: ShellEntry): Promise<boolean> {
    const exists = await this.world.exists(entry.clientId);
    this.#checks.delete(entry.tab);
    if (exists) this.#seenAt.set(entry.tab, this.world.now());
    else this.#forget(entry);
    return exists;
  }

  #forget(entry: ShellEntry): void {
    if (this.#shells.get(entry.tab) !== entry) return;
    this.#shells.delete(entry.tab);
    this.#seenAt.delete(entry.tab);
    entry.port?.close(new WingmanError('LINK_LOST', 'the tab that carried this was closed'));
  }

  /** Many requests come at once after a restart: they share one question. */
  #ask(mayBePlain: boolean): Promise<ShellEntry | undefined> {
    const known = this.#questions.get(mayBePlain);
    if (known !== undefined) return known;
    const forget = (): void => void this.#questions.delete(mayBePlain);
    const question = this.#askAll(mayBePlain).finally(forget);
    this.#questions.set(mayBePlain, question);
    return question;
  }

  async #askAll(mayBePlain: boolean): Promise<ShellEntry | undefined> {
    const deadline = this.world.now() + SERVICE_WORKER_LIMITS.shellLookMs;
    do {
      const entry = await this.#askEach(mayBePlain);
      if (entry !== undefined) return entry;
      await this.world.pause(SERVICE_WORKER_LIMITS.shellPollMs);
    } while (this.world.now() < deadline);
    return undefined;
  }

  /** The first shell with a tunnel; else, where that may be, the first without. */
  async #askEach(mayBePlain: boolean): Promise<ShellEntry | undefined> {
    let plain: ShellEntry | undefined;
    for (const clientId of await this.world.listShells()) {
      const entry = await this.#askOne(clientId);
      if (entry === undefined) continue;
      if (entry.port !== null) return entry;
      plain ??= entry;
    }
    return mayBePlain ? plain : undefined;
  }

  async #askOne(clientId: string): Promise<ShellEntry | undefined> {
    const known = [...this.#shells.values()].find((entry) => entry.clientId === clientId);
    if (known !== undefined) return known;
    const introduction = await this.world.ask(clientId);
    return introduction === undefined ? undefined : this.add(clientId, introduction);
  }
}

/** The pages of this origin, as the browser lists them. */
export function browserWorld(clients: Clients, instance: string): ShellWorld {
  return {
    now: () => performance.now(),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    exists: async (clientId) => (await clients.get(clientId)) !== undefined,
    async listShells() {
      const windows = await clients.matchAll({ type: 'window', includeUncontrolled: true });
      // A tab with an opener is "auxiliary".
      const isShell = ({ frameType, url }: WindowClient): boolean =>
        frameType !== 'nested' || isFramed(new URL(url).pathname);
      return windows.filter(isShell).map(({ id }) => id);
    },
    async ask(clientId) {
      const client = await clients.get(clientId);
      return client === undefined ? undefined : introductionOf(client, instance);
    },
  };
}

function introductionOf(client: Client, instance: string): Promise<Introduction | undefined> {
  const wanted = ask<Introduction>(
    (reply) =>
      client.postMessage({ kind: 'wingman-port-wanted', instance, reply } satisfies PortWanted, [
        reply,
      ]),
    { deadlineMs: SERVICE_WORKER_LIMITS.shellAnswerMs },
  );
  return wanted.catch(() => undefined);
}
