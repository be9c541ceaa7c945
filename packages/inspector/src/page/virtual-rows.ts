import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import { useLayoutEffect, useReducer, useRef, type MutableRef } from 'preact/hooks';

/** The rows of a long list that are in sight. */
export interface VirtualRows {
  readonly rows: readonly VirtualItem[];
  /** The height of all rows, in pixels. */
  readonly height: number;
  readonly scrollTo: (index: number) => void;
}

/** Rows beyond the edges, so that none is missing while somebody scrolls. */
const OVERSCAN = 10;

/** Shows of so many rows of one height only those in sight of an element that scrolls. */
export function useVirtualRows(
  element: MutableRef<HTMLElement | null>,
  count: number,
  rowHeight: number,
): VirtualRows {
  const [, draw] = useReducer((turn: number) => turn + 1, 0);
  const options = {
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => element.current,
    overscan: OVERSCAN,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => draw(undefined),
  };
  const held = useRef<Virtualizer<HTMLElement, Element> | null>(null);
  const virtualizer = (held.current ??= new Virtualizer<HTMLElement, Element>(options));
  virtualizer.setOptions({ ...virtualizer.options, ...options });
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  return {
    rows: virtualizer.getVirtualItems(),
    height: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index),
  };
}
