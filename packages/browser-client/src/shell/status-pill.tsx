import { render, type VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { isFramed } from '../shared/framed.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair, LinkStatus, Preference } from '../shared/status.js';
import { PILL_LABELS, PillDetails, formatRtt, pillKind } from './pill-details.js';

/** Pointer travel, in CSS pixels, from which a press is a drag. */
const DRAG_FROM = 6;

/** What the pill shows. */
interface PillState {
  status: LinkStatus;
  isIngress: boolean;
  pair: CandidatePair | null;
}

export interface PillActions {
  prefer: (preference: Preference) => void;
  /** The session's URL with its key; undefined in a tab that was not opened with the key. */
  link: (() => string) | undefined;
  storage: Storage | undefined;
  /** The details have been opened or closed; they show the candidate pair. */
  onOpen: (isOpen: boolean) => void;
}

type Render = (state: PillState) => void;

/** The pill in the page, from its first drawing on; the addresses in use are looked up while somebody looks at them. */
export class PillView {
  readonly #mount: () => Render;
  #render: Render | undefined;
  #isOpen = false;
  #pair: CandidatePair | null = null;
  #last: { status: LinkStatus; isIngress: boolean } | undefined;

  constructor(
    private readonly page: Document,
    css: string,
    private readonly candidatePair: () => Promise<CandidatePair | null>,
    actions: Omit<PillActions, 'onOpen'>,
  ) {
    const onOpen = (isOpen: boolean): void => {
      this.#isOpen = isOpen;
      void this.#refreshPair();
    };
    this.#mount = () => mountPill(page, css, { ...actions, onOpen });
  }

  draw(status: LinkStatus, isIngress: boolean): void {
    // A page of another port that has the shell in a frame has a pill of its own.
    if (isFramed(this.page.location.pathname)) return;
    this.#last = { status, isIngress };
    this.#render ??= this.#mount();
    this.#render({ ...this.#last, pair: this.#pair });
    if (this.#isOpen) void this.#refreshPair();
  }

  async #refreshPair(): Promise<void> {
    const pair = await this.candidatePair();
    if (pair?.local === this.#pair?.local && pair?.remote === this.#pair?.remote) return;
    this.#pair = pair;
    if (this.#last !== undefined) this.#render?.({ ...this.#last, pair });
  }
}

/** Puts the pill into the page, out of reach of its styles, and returns the function that draws it. */
function mountPill(page: Document, css: string, actions: PillActions): Render {
  const host = page.createElement('wingman-pill');
  const root = host.attachShadow({ mode: 'open' });
  // The page's policy lets in no inline style. A constructed sheet is none (CSSOM section 6.1.1).
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  const view = page.createElement('div');
  root.append(view);
  page.body.append(host);
  return (state) => render(<Pill {...state} actions={actions} />, view);
}

function Pill({ status, isIngress, pair, actions }: PillState & { actions: PillActions }): VNode {
  const kind = pillKind(status, isIngress);
  const { place, update } = usePlace(actions.storage);
  const [isOpen, setOpen] = useState(false);
  const isWide = useWide(kind, isOpen);
  const drag = useDrag((corner) => update({ ...place, ...corner }));
  const open = (next: boolean): void => {
    setOpen(next);
    actions.onOpen(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') return open(false);
    const moved = movedByKey(place, event.key);
    if (moved === place) return;
    event.preventDefault();
    update(moved);
  };
  const isSmall = !isOpen && (place.isHidden || !isWide) && !drag.isDragging;
  const label = `${PILL_LABELS[kind]}${status.rttMs === null || isIngress ? '' : `, ${formatRtt(status.rttMs)}`}`;
  const onClick = (): void => {
    if (drag.wasDragged()) return;
    if (place.isHidden) update({ ...place, isHidden: false });
    open(!isOpen);
  };
  return (
    <div class={`place ${place.vertical} ${place.horizontal} ${kind}`} onKeyDown={onKeyDown}>
      <button
        type="button"
        class={`pill ${isSmall ? 'small' : ''} ${drag.isDragging ? 'dragged' : ''}`}
        style={drag.style}
        aria-expanded={isOpen}
        aria-label={`Connection: ${label}. Arrow keys move this to another corner.`}
        title={isSmall ? label : 'Drag to another corner'}
        onClick={onClick}
        {...drag.handlers}
      >
        <span class="dot" />
        <span class="text">
          {PILL_LABELS[kind]}
          {isIngress || status.rttMs === null ? null : (
            <span class="rtt">{formatRtt(status.rttMs)}</span>
          )}
        </span>
      </button>
      {isOpen ? (
        <PillDetails
          kind={kind}
          status={status}
          pair={pair}
          onPrefer={actions.prefer}
          onCopyLink={copierOf(actions)}
          onHide={() => {
            update({ ...place, isHidden: true });
            open(false);
          }}
        />
      ) : null}
    </div>
  );
}

function usePlace(storage: Storage | undefined) {
  const [place, setPlace] = useState(() => loadPlace(storage));
  const update = (next: typeof place): void => {
    setPlace(next);
    savePlace(next, storage);
  };
  return { place, update };
}

/** Whether the pill is wide. It is for a few seconds after each change, and then out of the way. */
function useWide(kind: string, isOpen: boolean): boolean {
  const [isWide, setWide] = useState(true);
  useEffect(() => {
    setWide(true);
    const timer = setTimeout(() => setWide(false), BROWSER_LIMITS.pillCollapseMs);
    return () => clearTimeout(timer);
  }, [kind, isOpen]);
  return isWide;
}

function useDrag(onDrop: (corner: ReturnType<typeof cornerOf>) => void) {
  const start = useRef<{ x: number; y: number } | null>(null);
  const dragged = useRef(false);
  const [offset, setOffset] = useState<{ x: number; y: number } | null>(null);
  const end = (): void => {
    start.current = null;
    setOffset(null);
  };
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      start.current = { x: event.clientX, y: event.clientY };
      dragged.current = false;
      // The pointer passes over the app's frame, which would otherwise get the events.
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      if (start.current === null) return;
      const x = event.clientX - start.current.x;
      const y = event.clientY - start.current.y;
      if (Math.hypot(x, y) >= DRAG_FROM) dragged.current = true;
      if (dragged.current) setOffset({ x, y });
    },
    onPointerUp: (event: PointerEvent) => {
      const size = { width: window.innerWidth, height: window.innerHeight };
      if (dragged.current) onDrop(cornerOf({ x: event.clientX, y: event.clientY }, size));
      end();
    },
    onPointerCancel: end,
  };
  return {
    handlers,
    isDragging: offset !== null,
    wasDragged: () => dragged.current,
    style: offset === null ? {} : { transform: `translate(${offset.x}px, ${offset.y}px)` },
  };
}

function copierOf({ link }: PillActions): (() => void) | undefined {
  return link && (() => void copy(link()));
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    window.prompt('The link to this page:', text);
  }
}

/** A corner of the window, and whether the pill is kept as small as it gets. */
export interface PillPlace {
  vertical: 'top' | 'bottom';
  horizontal: 'left' | 'right';
  isHidden: boolean;
}

const STORAGE_KEY = 'wingman.pill';
const DEFAULT: PillPlace = { vertical: 'bottom', horizontal: 'right', isHidden: false };

/** The corner nearest to a point. */
export function cornerOf(
  point: { x: number; y: number },
  window: { width: number; height: number },
): Pick<PillPlace, 'vertical' | 'horizontal'> {
  return {
    vertical: point.y < window.height / 2 ? 'top' : 'bottom',
    horizontal: point.x < window.width / 2 ? 'left' : 'right',
  };
}

/** The place with a corner moved by an arrow key; other keys change nothing. */
export function movedByKey(place: PillPlace, key: string): PillPlace {
  switch (key) {
    case 'ArrowUp':
      return { ...place, vertical: 'top' };
    case 'ArrowDown':
      return { ...place, vertical: 'bottom' };
    case 'ArrowLeft':
      return { ...place, horizontal: 'left' };
    case 'ArrowRight':
      return { ...place, horizontal: 'right' };
    default:
      return place;
  }
}

/** Where the pill was left. */
export function loadPlace(storage: Storage | undefined): PillPlace {
  try {
    const raw: unknown = JSON.parse(storage?.getItem(STORAGE_KEY) ?? 'null');
    const saved = (typeof raw === 'object' && raw !== null ? raw : {}) as Partial<PillPlace>;
    return {
      vertical: saved.vertical === 'top' ? 'top' : DEFAULT.vertical,
      horizontal: saved.horizontal === 'left' ? 'left' : DEFAULT.horizontal,
      isHidden: saved.isHidden === true,
    };
  } catch {
    return DEFAULT;
  }
}

export function savePlace(place: PillPlace, storage: Storage | undefined): void {
  try {
    storage?.setItem(STORAGE_KEY, JSON.stringify(place));
  } catch {
    // The pill is then in its usual corner again.
  }
}
