/** The part of the Navigation API's NavigateEvent that is used; not every engine has the API. */
interface NavigateEvent extends Event {
  readonly navigationType: string;
  readonly destination: { readonly url: string };
  readonly formData: FormData | null;
  readonly downloadRequest: string | null | undefined;
}

export type Page = Window & typeof globalThis;

/** The shell saves what a link with `download` asks of the app, through the tunnel. */
export function saveThroughTunnel(page: Page, save: (url: string, name: string) => void): void {
  onNavigate(page, (event) => {
    const name = event.downloadRequest ?? undefined;
    const { url } = event.destination;
    if (name === undefined || !event.cancelable) return;
    if (!isHttp(url) || new URL(url).origin !== page.location.origin) return;
    event.preventDefault();
    save(url, name);
  });
}

/** Opens other sites in place of the shell, as happens without one. Most of them refuse to be framed. */
export function openForeignOnTop(page: Page, tab: Window): void {
  // The shell may itself stand in a frame.
  const target = tab.parent === tab ? '_top' : '_parent';
  const linked = (event: Event): void =>
    retarget(page, event, target, 'a[href], area[href]', (link) => link.href);
  const submitted = (event: Event): void =>
    retarget(page, event, target, 'form', (form) => form.action);
  page.addEventListener('click', linked, true);
  page.addEventListener('submit', submitted, true);
  onNavigate(page, (event) => {
    const { url } = event.destination;
    // Only navigations that scripts start arrive here: links and forms have gone to the top already.
    if (!event.cancelable || event.formData !== null || !isForeign(page, url)) return;
    event.preventDefault();
    tab.location.href = url;
  });
}

/** Calls `act` for each navigation of the page that the Navigation API tells of and nobody has stopped yet. */
export function onNavigate(page: Page, act: (event: NavigateEvent) => void): void {
  const { navigation } = page as { navigation?: EventTarget };
  navigation?.addEventListener('navigate', (event) => {
    if (!event.defaultPrevented) act(event as NavigateEvent);
  });
}

interface Targeted extends Element {
  target: string;
  href: string;
  action: string;
}

/** Makes a link or form that leads to another site open in this target instead of the frame. */
function retarget(
  page: Page,
  event: Event,
  target: string,
  selector: string,
  urlOf: (element: Targeted) => unknown,
): void {
  if (!(event.target instanceof page.Element)) return;
  const element = event.target.closest<Targeted>(selector);
  if (element === null || (element.target !== '' && element.target !== '_self')) return;
  if (isForeign(page, urlOf(element))) element.target = target;
}

/** False for a value that is no text: SVG links and forms with a field called `action` give objects. */
function isForeign(page: Page, url: unknown): boolean {
  return typeof url === 'string' && isHttp(url) && new URL(url).origin !== page.location.origin;
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
