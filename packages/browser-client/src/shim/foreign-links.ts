/** Other sites mostly refuse to be framed: navigations to them take the whole tab, as they would without the shell. */
export function openForeignOnTop(): void {
  addEventListener(
    'click',
    (event) => retarget(event, 'a[href], area[href]', (link) => link.href),
    true,
  );
  addEventListener('submit', (event) => retarget(event, 'form', (form) => form.action), true);
  const { navigation } = window as { navigation?: NavigationLike };
  navigation?.addEventListener('navigate', (event) => {
    const { url } = event.destination;
    // Only what scripts start arrives here: links and forms have gone to the top already.
    if (!event.cancelable || event.formData !== null || !isForeign(url)) return;
    event.preventDefault();
    if (window.top !== null) window.top.location.href = url;
  });
}

/** The part of the Navigation API that is used; not every engine has it. */
interface NavigationLike {
  addEventListener(
    type: 'navigate',
    listener: (event: Event & { destination: { url: string }; formData: FormData | null }) => void,
  ): void;
}

interface Targeted extends Element {
  target: string;
  href: string;
  action: string;
}

function retarget(event: Event, selector: string, urlOf: (element: Targeted) => string): void {
  if (!(event.target instanceof Element)) return;
  const element = event.target.closest<Targeted>(selector);
  if (element === null || (element.target !== '' && element.target !== '_self')) return;
  if (isForeign(urlOf(element))) element.target = '_top';
}

function isForeign(url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, origin } = new URL(url);
  return (protocol === 'http:' || protocol === 'https:') && origin !== location.origin;
}
