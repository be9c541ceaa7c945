import { render, type VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair, LinkStatus, Preference } from '../shared/status.js';
import { PillDetails } from './pill-details.js';
import { PILL_LABELS, formatRtt, pillKind } from './pill-format.js';
import { cornerOf, loadPlace, movedByKey, savePlace } from './pill-place.js';

/** Pointer travel, in CSS pixels, from which a press is a drag. */
const DRAG_FROM = 6;

/** What the pill shows. */
export interface PillState {
  status: LinkStatus;
  isIngress: boolean;
  pair: CandidatePair | null;
}

export interface PillActions {
  prefer: (preference: Preference) => void;
  /** The session's URL with its key. */
  link: () => string;
  storage: Storage | undefined;
  /** The details have been opened or closed: the candidate pair is wanted or not. */
  onOpen: (isOpen: boolean) => void;
}

/** Puts the pill into the page, out of reach of its styles, and returns the function that draws it. */
export function mountPill(
  page: Document,
  css: string,
  actions: PillActions,
): (state: PillState) => void {
  const host = page.createElement('wingman-pill');
  const root = host.attachShadow({ mode: 'open' });
  const style = page.createElement('style');
  style.textContent = css;
  const view = page.createElement('div');
  root.append(style, view);
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
          onCopyLink={() => void copy(actions.link())}
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

/** Wide for a few seconds after each change, so that it is seen and then out of the way. */
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
      // The pointer passes over the app's frame, which would keep its events to itself.
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

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    window.prompt('The link to this page:', text);
  }
}
