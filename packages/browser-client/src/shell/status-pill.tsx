import { render, type RefObject, type VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { HostPresence, ProblemCode } from '@wingman/protocol';
import { isFramed } from '../shared/framed.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair, LinkStatus, Preference } from '../shared/status.js';
import { coversApp } from './cover.js';
import { OfflineBar } from './offline-bar.js';
import {
  PILL_LABELS,
  PillDetails,
  formatRtt,
  pillKind,
  type PillKind,
  type SessionNews,
} from './pill-details.js';
import { cornerOf, movedByKey, usePlace } from './pill-place.js';

/** Pointer travel, in CSS pixels, from which a press is a drag. */
const DRAG_FROM = 6;

/** What the shell tells the pill. */
interface PillNews {
  status: LinkStatus;
  isIngress: boolean;
  /** What keeps the connection away, as far as somebody has said it. */
  problem: ProblemCode | null;
}

/** What the pill shows. */
interface PillState extends PillNews {
  pair: CandidatePair | null;
  session: SessionNews;
}

export interface PillActions {
  prefer: (preference: Preference) => void;
  /** The session's URL with its key; undefined in a tab that was not opened with the key. */
  link: (() => string) | undefined;
  /** Why there is no direct path, in words; undefined while nobody knows. */
  whyNot: () => string | undefined;
  storage: Storage | undefined;
  /** As in the details. */
  showTogether: (slot: Element) => () => void;
  /** Ends this tab's link. */
  leave: () => void;
  /** Tries at once to bring the connection back. */
  retry: () => void;
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
  #last: PillNews | undefined;
  #session: SessionNews = { sharedBy: '', endsAt: 0 };

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

  draw(news: PillNews): void {
    // A page of another port that has the shell in a frame has a pill of its own.
    if (isFramed(this.page.location.pathname)) return;
    this.#last = news;
    this.#render ??= this.#mount();
    this.#render({ ...news, pair: this.#pair, session: this.#session });
    if (this.#isOpen) void this.#refreshPair();
  }

  /** Takes what the server says of the session. It says so once for each connection, and by its own clock. */
  learn({ secondsLeft, sharedBy }: Pick<HostPresence, 'secondsLeft' | 'sharedBy'>): void {
    if (secondsLeft === 0) return;
    this.#session = { sharedBy, endsAt: Date.now() + secondsLeft * 1000 };
    if (this.#last !== undefined) this.draw(this.#last);
  }

  /** For good. */
  remove(): void {
    this.page.querySelector('wingman-pill')?.remove();
    this.#render = () => undefined;
  }

  async #refreshPair(): Promise<void> {
    const pair = await this.candidatePair();
    if (pair?.local === this.#pair?.local && pair?.remote === this.#pair?.remote) return;
    this.#pair = pair;
    if (this.#last !== undefined) this.draw(this.#last);
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
  return (state) => render(<Overlay {...state} actions={actions} />, view);
}

type OverlayProps = PillState & { actions: PillActions };

function Overlay(props: OverlayProps): VNode {
  const { actions, isIngress, problem, status } = props;
  const kind = pillKind(status, isIngress);
  const isAway = isOffline(kind) && !coversApp(problem);
  return (
    <>
      {isAway ? (
        <OfflineBar
          isLost={kind === 'lost'}
          problem={problem}
          unanswered={status.unanswered}
          onRetry={actions.retry}
        />
      ) : null}
      <Pill {...props} kind={kind} />
    </>
  );
}

function isOffline(kind: PillKind): boolean {
  return kind === 'offline' || kind === 'lost';
}

function Pill({
  status,
  isIngress,
  pair,
  session,
  actions,
  kind,
}: OverlayProps & { kind: PillKind }): VNode {
  const button = useRef<HTMLButtonElement>(null);
  const { place, update } = usePlace(actions.storage);
  const [isOpen, setOpen] = useState(false);
  const isWide = useWide(kind, isOpen);
  const drag = useDrag((corner) => update({ ...place, ...corner }));
  const open = (next: boolean): void => {
    setOpen(next);
    actions.onOpen(next);
    // The dialog takes the focus, and gives it back to where it came from.
    if (!next) button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // In the dialog the arrow keys scroll.
    if (isOpen) return event.key === 'Escape' ? open(false) : undefined;
    const moved = movedByKey(place, event.key);
    if (moved === place) return;
    event.preventDefault();
    update(moved);
  };
  const isQuiet = (place.isHidden || !isWide) && !isOffline(kind);
  const isSmall = !isOpen && isQuiet && !drag.isDragging;
  const onClick = (): void => {
    if (drag.wasDragged()) return;
    if (place.isHidden) update({ ...place, isHidden: false });
    open(!isOpen);
  };
  return (
    <div class={`place ${place.vertical} ${place.horizontal} ${kind}`} onKeyDown={onKeyDown}>
      <PillButton
        {...{ button, drag, isOpen, isSmall, kind, onClick }}
        rtt={status.rttMs === null || isIngress ? '' : ` ${formatRtt(status.rttMs)}`}
      />
      {isOpen ? (
        <PillDetails
          {...{ kind, status, pair, session }}
          whyNot={actions.whyNot()}
          showTogether={actions.showTogether}
          onPrefer={actions.prefer}
          onCopyLink={copierOf(actions)}
          onLeave={actions.leave}
          onHide={() => {
            update({ ...place, isHidden: true });
            open(false);
          }}
        />
      ) : null}
    </div>
  );
}

interface PillButtonProps {
  button: RefObject<HTMLButtonElement>;
  kind: PillKind;
  /** With a space before it; empty when there is none to show. */
  rtt: string;
  isOpen: boolean;
  isSmall: boolean;
  drag: ReturnType<typeof useDrag>;
  onClick: () => void;
}

function PillButton({ button, kind, rtt, isOpen, isSmall, drag, onClick }: PillButtonProps): VNode {
  const label = PILL_LABELS[kind] + rtt;
  return (
    <button
      type="button"
      ref={button}
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
        {rtt === '' ? null : <span class="rtt">{rtt}</span>}
      </span>
    </button>
  );
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

function copierOf({ link }: PillActions): (() => Promise<boolean>) | undefined {
  return link && (() => copy(link()));
}

/** False when the clipboard is forbidden; the text has then been shown. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    window.prompt('The link to this page:', text);
    return false;
  }
}
