import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { BoundedMap } from '@wingman/protocol';

/** Where requests can go: a tab's tunnel worker, or the network when that tab has no tunnel. */
export interface ShellEntry {
  tab: string;
  clientId: string;
  /** Null in ingress mode. */
  port: MessagePort | null;
  /** Its documents have to ask for cross-origin isolation too. */
  isIsolated: boolean;
}

/** What the directory needs of the browser. */
export interface ShellWorld {
  /** Client ids of the top-level pages, most recently focused first. */
  listShells(): Promise<string[]>;
  exists(clientId: string): Promise<boolean>;
  /** Asks a page for its entry; undefined when it does not answer in time. */
  ask(clientId: string): Promise<ShellEntry | undefined>;
  now(): number;
}

/** What is known about the sender of a request. */
export interface Requester {
  clientId: string;
  /** The client a navigation will make. */
  resultingClientId: string;
  url: string;
  isFrameNavigation: boolean;
}

/** The outcome: an entry, no shell at all, or shells that all keep silent. */
export type Lookup = { kind: 'shell'; entry: ShellEntry } | { kind: 'none' } | { kind: 'silent' };

/** Finds the tunnel for a request. Everything here can be lost at any time: shells are simply asked again. */
export class ShellDirectory {
  readonly #shells = new Map<string, ShellEntry>();
  readonly #seenAt = new Map<string, number>();
  readonly #owners = new BoundedMap<string, string>(SERVICE_WORKER_LIMITS.maxOwners);
  readonly #expected = new BoundedMap<string, string>(SERVICE_WORKER_LIMITS.maxExpected);
  readonly #checks = new Map<string, Promise<boolean>>();
  #question: Promise<Lookup> | undefined;

  constructor(private readonly world: ShellWorld) {}

  /** A shell has introduced itself; `expects` is the URL its frame loads next. */
  add(entry: ShellEntry, expects: string | null = null): void {
    this.#shells.get(entry.tab)?.port?.close();
    this.#shells.set(entry.tab, entry);
    this.#seenAt.set(entry.tab, this.world.now());
    if (expects !== null) this.expect(expects, entry.tab);
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

  async find(requester: Requester): Promise<Lookup> {
    const known = await this.#known(requester);
    const lookup: Lookup =
      known === undefined ? await this.#ask() : { kind: 'shell', entry: known };
    if (lookup.kind === 'shell' && requester.resultingClientId !== '') {
      this.own(requester.resultingClientId, lookup.entry.tab);
    }
    return lookup;
  }

  /** The shell of a tab, which is asked for when this instance hasn't met it; undefined when it is gone. */
  async ofTab(tab: string): Promise<ShellEntry | undefined> {
    const known = this.#shells.get(tab);
    if (known !== undefined) return (await this.#isAlive(known)) ? known : undefined;
    for (const clientId of await this.world.listShells()) {
      if ([...this.#shells.values()].some((entry) => entry.clientId === clientId)) continue;
      const entry = await this.world.ask(clientId);
      if (entry !== undefined) this.add(entry);
    }
    return this.#shells.get(tab);
  }

  /** Drops a shell that is gone and says so. */
  async isGone(tab: string): Promise<boolean> {
    const entry = this.#shells.get(tab);
    return entry === undefined || !(await this.#isAlive(entry));
  }

  async #known(requester: Requester): Promise<ShellEntry | undefined> {
    const tab = this.#tabOf(requester);
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

  /** With a single tab there is nothing to choose. */
  #only(): ShellEntry | undefined {
    return this.#shells.size === 1 ? [...this.#shells.values()][0] : undefined;
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
    entry.port?.close();
  }

  /** Many requests come at once after a restart: they share one question. */
  #ask(): Promise<Lookup> {
    this.#question ??= this.#askAll().finally(() => (this.#question = undefined));
    return this.#question;
  }

  async #askAll(): Promise<Lookup> {
    const deadline = this.world.now() + SERVICE_WORKER_LIMITS.shellsAnswerMs;
    while (this.world.now() < deadline) {
      const clientIds = await this.world.listShells();
      if (clientIds.length === 0) return { kind: 'none' };
      for (const clientId of clientIds) {
        const known = [...this.#shells.values()].find((entry) => entry.clientId === clientId);
        const entry = known ?? (await this.world.ask(clientId));
        if (entry === undefined) continue;
        if (known === undefined) this.add(entry);
        return { kind: 'shell', entry };
      }
    }
    return { kind: 'silent' };
  }
}
