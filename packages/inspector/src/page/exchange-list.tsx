import { formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useRef } from 'preact/hooks';
import type { ExchangeSummary } from '../api/index.js';
import { isError } from './filter.js';
import { formatMs, formatTime, pathName, viewerName, wholeViewerName } from './format.js';
import { useVirtualRows } from './virtual-rows.js';

/** Also in inspector.css. */
const ROW_HEIGHT = 28;
/** Nearer than this to its end a list follows what comes. */
const FOLLOWS_WITHIN = 2 * ROW_HEIGHT;
const PAGE = 20;

export interface ListProps {
  readonly exchanges: readonly ExchangeSummary[];
  readonly selected: number | undefined;
  /** What stands there instead of lines. */
  readonly empty: string;
  readonly onSelect: (id: number) => void;
}

/** The live list. It follows what comes while its end is in sight. */
export function ExchangeList({ exchanges, selected, empty, onSelect }: ListProps): VNode {
  const box = useRef<HTMLDivElement | null>(null);
  const isAtEnd = useRef(true);
  const slotsOf = useSlots();
  const { rows, height, scrollTo } = useVirtualRows(box, exchanges.length, ROW_HEIGHT);
  useEffect(() => {
    if (isAtEnd.current && exchanges.length > 0) scrollTo(exchanges.length - 1);
  }, [exchanges.length]);
  const onScroll = (event: { currentTarget: HTMLElement }): void => {
    const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < FOLLOWS_WITHIN;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const index = movedTo(
      event.key,
      exchanges.findIndex(({ id }) => id === selected),
      exchanges.length,
    );
    const exchange = index === undefined ? undefined : exchanges[index];
    if (index === undefined || exchange === undefined) return;
    event.preventDefault();
    scrollTo(index);
    onSelect(exchange.id);
  };
  useKeysOfNobody((event) => {
    onKeyDown(event);
    if (event.defaultPrevented) box.current?.focus();
  });
  const isSelectedShown = rows.some(({ index }) => exchanges[index]?.id === selected);
  return (
    <section class="list" aria-label="Requests">
      <div class="row heading" aria-hidden="true">
        {['Status', 'Method', 'Path', 'Type', 'Way', 'Viewer', 'Size', 'Time', 'At'].map((name) => (
          <span key={name}>{name}</span>
        ))}
      </div>
      {exchanges.length === 0 ? <p class="quiet empty">{empty}</p> : null}
      <div
        ref={box}
        class="rows"
        role="listbox"
        tabIndex={0}
        aria-label="Requests, arrow keys choose one"
        aria-activedescendant={isSelectedShown ? `exchange-${selected}` : undefined}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div class="canvas" role="presentation" style={{ height: `${height}px` }}>
          {slotsOf(rows).map(([slot, { index, start }]) => {
            const exchange = exchanges[index];
            if (exchange === undefined) return null;
            const isSelected = exchange.id === selected;
            const place = { index, count: exchanges.length };
            return <Row key={slot} {...{ exchange, start, onSelect, isSelected, ...place }} />;
          })}
        </div>
      </div>
    </section>
  );
}

/** Takes the keys that are pressed where nothing has the focus, as right after the page was opened. */
function useKeysOfNobody(take: (event: KeyboardEvent) => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      if (event.target === document.body && !hasModifier) take(event);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  });
}

type Rows = ReturnType<typeof useVirtualRows>['rows'];

/**
 * Gives each row a slot, in whose element it is drawn. A row that comes into sight takes the slot of one that goes: nothing
 * is made anew while somebody scrolls, and nothing moves in the page, so its order is told by `aria-posinset`.
 */
function useSlots(): (rows: Rows) => [slot: number, row: Rows[number]][] {
  const count = useRef(0);
  return (rows) => {
    count.current = Math.max(count.current, rows.length);
    const slots = rows.map((row): [number, Rows[number]] => [row.index % count.current, row]);
    return slots.sort(([one], [other]) => one - other);
  };
}

/** The index that a key leads to; undefined for another key. */
function movedTo(key: string, index: number, count: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ...{ ArrowDown: index + 1, ArrowUp: index - 1, j: index + 1, k: index - 1 },
    ...{ PageDown: index + PAGE, PageUp: index - PAGE, Home: 0, End: count - 1 },
  };
  const next = steps[key];
  return next === undefined || count === 0 ? undefined : Math.min(Math.max(next, 0), count - 1);
}

interface RowProps extends Pick<ListProps, 'onSelect'> {
  readonly exchange: ExchangeSummary;
  readonly index: number;
  /** Of all lines. */
  readonly count: number;
  readonly start: number;
  readonly isSelected: boolean;
}

/** Drawn again only when it has changed: sixty times a second is too often for all that are in sight. */
const Row = memo(({ exchange, index, count, start, isSelected, onSelect }: RowProps): VNode => {
  const { id, method, target, type = '', path, upload, download, startedAt } = exchange;
  return (
    <div
      id={`exchange-${id}`}
      class={`row ${kindOf(exchange)}`}
      role="option"
      aria-selected={isSelected}
      aria-posinset={index + 1}
      aria-setsize={count}
      style={{ transform: `translateY(${start}px)` }}
      onClick={() => onSelect(id)}
    >
      <span>{statusText(exchange)}</span>
      <span>{exchange.kind === 'websocket' ? 'WS' : method}</span>
      <span class="target" title={target}>
        {target}
      </span>
      <span>{type.replace(/^(text|application|image|font)\//, '')}</span>
      <span class={`way ${path}`}>{pathName(path)}</span>
      <span title={wholeViewerName(exchange)}>{viewerName(exchange)}</span>
      <span>{formatBytes(upload + download)}</span>
      <span>{formatMs(exchange.durationMs)}</span>
      <span>{formatTime(startedAt)}</span>
    </div>
  );
});

/** The class of a line that isn't like most. */
function kindOf(exchange: ExchangeSummary): string {
  if (exchange.outcome === 'unused') return 'unused';
  return isError(exchange) ? 'error' : '';
}

/** The status, or why there is none. */
function statusText({ status, outcome, code }: ExchangeSummary): string {
  if (outcome === 'unused') return outcome;
  if (outcome === 'aborted') return status === undefined ? (code ?? 'ended') : `${status} cut`;
  return status === undefined ? '…' : String(status);
}
