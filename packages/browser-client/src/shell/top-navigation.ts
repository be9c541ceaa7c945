import { RESERVED_PREFIX } from '@wingman/protocol';
import { inSession, type LocalAddresses } from '../shared/loopback.js';

/** The part of the Navigation API that is used here. Some engines lack it. */
export interface NavigateEvent extends Event {
  readonly destination: { readonly url: string; readonly sameDocument: boolean };
  readonly navigationType: string;
  readonly userInitiated: boolean;
  readonly formData: FormData | null;
  readonly downloadRequest: string | null;
}

/** What becomes of a navigation of the tab that the app has started. */
export type TopNavigation = 'tab' | 'frame' | 'reload' | 'none';

/**
 * A page that navigates `top` means itself. A script that sends the tab to the app's present URL wants to break out
 * of a frame, and would try again for ever.
 */
export function topNavigation(
  event: NavigateEvent,
  target: string,
  shown: string | undefined,
): TopNavigation {
  const { destination, navigationType, formData, downloadRequest } = event;
  // A navigation within the document (a hash, the shell's own replaceState) changes the address bar only.
  const isPlain =
    !destination.sameDocument && formData === null && (downloadRequest ?? null) === null;
  if (!event.cancelable || !isPlain || shown === undefined) return 'tab';
  if (navigationType !== 'push' && navigationType !== 'replace') return 'tab';
  const url = new URL(target);
  if (url.origin !== new URL(shown).origin || url.pathname.startsWith(RESERVED_PREFIX))
    return 'tab';
  if (url.href !== shown) return 'frame';
  return event.userInitiated ? 'reload' : 'none';
}

/** The part of the app's frame that is needed here. */
export interface Navigable {
  readonly url: string | undefined;
  readonly addresses: LocalAddresses;
  setHash(hash: string): void;
  go(url: string, isReplacing: boolean): void;
  reload(): void;
}

/** Carries out in the app's frame the navigations of the tab that the app or a person starts. */
export function keepTopNavigations(tab: Window, frame: Navigable): void {
  tab.addEventListener('hashchange', () => {
    // Somebody has pasted a new link over the old one.
    if (tab.location.hash.startsWith('#k=')) tab.location.reload();
    else frame.setHash(tab.location.hash);
  });
  const { navigation } = tab as { navigation?: EventTarget };
  navigation?.addEventListener('navigate', (event) => {
    const { destination, navigationType } = event as NavigateEvent;
    const { origin } = tab.location;
    const here = { origin, base: origin };
    const turned = inSession(destination.url, here, frame.addresses);
    const target = turned ?? destination.url;
    const kind = topNavigation(event as NavigateEvent, target, frame.url);
    const isOtherPort = turned !== undefined && new URL(turned).origin !== origin;
    if (kind === 'tab' && !(isOtherPort && event.cancelable)) return;
    event.preventDefault();
    if (kind === 'tab') tab.location.assign(target);
    if (kind === 'frame') frame.go(target, navigationType === 'replace');
    if (kind === 'reload') frame.reload();
  });
}
