import { useState } from 'preact/hooks';

/** A corner of the window, and whether the pill is kept as small as it gets. */
export interface PillPlace {
  vertical: 'top' | 'bottom';
  horizontal: 'left' | 'right';
  isHidden: boolean;
}

const STORAGE_KEY = 'wingman.pill';
const DEFAULT: PillPlace = { vertical: 'bottom', horizontal: 'right', isHidden: false };

/** The pill's place, which is kept for the next load. */
export function usePlace(storage: Storage | undefined) {
  const [place, setPlace] = useState(() => loadPlace(storage));
  const update = (next: PillPlace): void => {
    setPlace(next);
    savePlace(next, storage);
  };
  return { place, update };
}

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
