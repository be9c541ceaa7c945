/** Ctrl+P, or Cmd+P: the browser would print the page around the app. An app that takes the key itself keeps it. */
export function printByKey(page: Window): void {
  const print = (event: KeyboardEvent): void => {
    const isPlain = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (event.key.toLowerCase() !== 'p' || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    page.print();
  };
  // Added within the event, it comes after the app's own listeners.
  page.addEventListener(
    'keydown',
    () => page.addEventListener('keydown', print, { once: true }),
    true,
  );
}

/** Browsers do so in a top-level page, and in a frame only while nothing has the focus, not even the frame (HTML section 6.6.7). */
export function focusFirst(page: Document): void {
  const focus = (): void => {
    const { activeElement, body, documentElement } = page;
    const isFree = [null, body, documentElement].includes(activeElement as HTMLElement | null);
    if (!isFree || page.querySelector(':target') !== null) return;
    page.querySelector<HTMLElement>('[autofocus]')?.focus();
  };
  page.addEventListener('DOMContentLoaded', focus);
}
