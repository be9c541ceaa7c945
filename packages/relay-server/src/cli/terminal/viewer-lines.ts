import type { Clock, Path, Timer } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import type { ViewerInfo } from '../../tunnel/host-types.js';
import { count, pathName, shortId } from './words.js';

/** What the line is about: somebody came or went, or goes on by another way. */
type ViewerMark = '+' | '-' | '~';

export interface ViewerLinesOptions {
  readonly clock: Clock;
  tell(mark: ViewerMark, text: string): void;
}

/** A viewer as the terminal has told of it. */
interface Told {
  /** What is known of the viewer now. */
  readonly who: () => ViewerInfo | undefined;
  /** Undefined until its coming was told. */
  name: string | undefined;
  visitor: number | undefined;
  tab: number;
  /** The path that is carrying now, and the one that was told last. */
  path: Path;
  toldPath: Path;
  timer: Timer | undefined;
}

/**
 * What is told of viewers: each thing once, and only what lasts. A tab that is closed loses its paths first, and one
 * that opens changes them: neither is worth a line.
 */
export class ViewerLines {
  readonly #options: ViewerLinesOptions;
  readonly #viewers = new Map<string, Told>();

  constructor(options: ViewerLinesOptions) {
    this.#options = options;
  }

  /** Tabs that are here, and how many of them have a direct path. */
  get counts(): { readonly viewers: number; readonly direct: number } {
    const all = [...this.#viewers.values()];
    return { viewers: all.length, direct: all.filter(({ path }) => path === 'p2p').length };
  }

  /** The browser is known with the first request, so the line waits a moment for it. */
  joined(viewer: string, path: Path, who: Told['who']): void {
    const told: Told = {
      ...{ who, path, toldPath: path, name: undefined, visitor: undefined, tab: 1 },
      timer: this.#options.clock.setTimeout(
        () => this.#announce(viewer, told),
        HOST_LIMITS.greetMs,
      ),
    };
    this.#viewers.set(viewer, told);
  }

  /** Tells of somebody's coming now, before something else is told of them. */
  greet(viewer: string): void {
    const told = this.#viewers.get(viewer);
    if (told === undefined || told.name !== undefined) return;
    told.timer?.cancel();
    this.#announce(viewer, told);
  }

  /** Better news is told at once. A loss is told when it has lasted. */
  pathChanged(viewer: string, path: Path, isLoss: boolean): void {
    const told = this.#viewers.get(viewer);
    if (told === undefined) return;
    told.path = path;
    if (told.name === undefined) return;
    told.timer?.cancel();
    if (!isLoss) return this.#tellPath(told);
    told.timer = this.#options.clock.setTimeout(() => this.#tellPath(told), HOST_LIMITS.lossMs);
  }

  left(viewer: string, viewers: number): void {
    const told = this.#viewers.get(viewer);
    if (told === undefined) return;
    this.greet(viewer);
    told.timer?.cancel();
    this.#viewers.delete(viewer);
    this.#options.tell('-', `${this.#nameOf(viewer, told)} left (${howMany(viewers)})`);
  }

  /** What a viewer is called: by the visitor's number, and that of the tab if it isn't the only one. */
  name(viewer: string): string {
    return this.#nameOf(viewer, this.#viewers.get(viewer));
  }

  /** The same in a table. */
  mark(viewer: string): string {
    return this.name(viewer).replace('viewer ', '#').replace(', tab ', '.');
  }

  #announce(viewer: string, told: Told): void {
    const info = told.who();
    told.visitor = info?.visitor;
    told.tab = this.#freeTab(told);
    told.name = nameOf(told.visitor ?? shortId(viewer), told.tab);
    told.toldPath = told.path;
    const browser = info?.browser === undefined ? '' : ` ${info.browser},`;
    const viewers = howMany(this.#viewers.size);
    this.#options.tell('+', `${told.name} joined:${browser} ${pathName(told.path)} (${viewers})`);
  }

  #freeTab({ visitor }: Told): number {
    if (visitor === undefined) return 1;
    const taken = [...this.#viewers.values()]
      .filter((other) => other.name !== undefined && other.visitor === visitor)
      .map(({ tab }) => tab);
    let tab = 1;
    while (taken.includes(tab)) tab++;
    return tab;
  }

  #nameOf(viewer: string, told: Told | undefined): string {
    return told?.name ?? nameOf(told?.who()?.visitor ?? shortId(viewer), 1);
  }

  #tellPath(told: Told): void {
    const { name = '', path, toldPath } = told;
    if (path === toldPath) return;
    told.toldPath = path;
    this.#options.tell('~', `${name} ${changeText(toldPath, path)}`);
  }
}

function changeText(from: Path, to: Path): string {
  if (to === 'offline') return 'lost its connection; waiting for it to come back';
  if (from === 'offline') return `is back, ${pathName(to)}`;
  return to === 'p2p' ? 'is now direct' : `goes on ${pathName(to)}`;
}

function nameOf(number: number | string, tab: number): string {
  return tab === 1 ? `viewer ${number}` : `viewer ${number}, tab ${tab}`;
}

/** How many tabs are here. */
function howMany(viewers: number): string {
  return viewers === 0 ? 'no viewers' : count(viewers, 'viewer');
}
