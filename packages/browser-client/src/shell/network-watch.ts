/** What the page notices of its surroundings. */
export interface NetworkEvents {
  /** The network is back or has changed, or somebody looks at the tab again. */
  wake: () => void;
  /** Whether somebody looks at the tab from now on. */
  seen: (isSeen: boolean) => void;
  /** Something about the network may have changed. What is there has to show that it lives. */
  doubt: () => void;
  /** The page is kept for a return (bfcache) or, when `isForGood`, thrown away. */
  leave: (isForGood: boolean) => void;
  /** The browser is about to freeze the page (Page Lifecycle). */
  freeze: () => void;
}

/** Chromium tells the kind of network on phones, and on desktops only that some estimate has changed. */
interface NetworkInformation extends EventTarget {
  type?: string;
}

/** Listens for what suggests that carriers have died or could be made again. */
export function watchNetwork(
  page: Window,
  { doubt, freeze, leave, seen, wake }: NetworkEvents,
): void {
  page.addEventListener('online', wake);
  page.addEventListener('pageshow', (event) => {
    if (event.persisted) wake();
  });
  page.addEventListener('pagehide', (event) => leave(!event.persisted));
  page.document.addEventListener('visibilitychange', () => {
    const isSeen = page.document.visibilityState === 'visible';
    seen(isSeen);
    if (isSeen) wake();
  });
  page.document.addEventListener('freeze', freeze);
  // A frozen page has missed the other events.
  page.document.addEventListener('resume', wake);
  page.addEventListener('offline', doubt);
  watchKind(page.navigator as { connection?: NetworkInformation }, { wake, doubt });
}

/** Another kind of network means other addresses. A new estimate may come from another network, and often doesn't. */
function watchKind(
  { connection }: { connection?: NetworkInformation },
  { wake, doubt }: Pick<NetworkEvents, 'wake' | 'doubt'>,
): void {
  let kind = connection?.type;
  connection?.addEventListener('change', () => {
    if (connection.type === kind) return doubt();
    kind = connection.type;
    wake();
  });
}
