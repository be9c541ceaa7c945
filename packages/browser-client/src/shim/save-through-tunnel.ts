/** The part of a NavigateEvent that is used; not every engine has it. */
interface DownloadEvent extends Event {
  readonly destination: { readonly url: string };
  readonly downloadRequest: string | null | undefined;
}

/** Has what `<a download>` asks of the app saved by the shell, through the tunnel. */
export function saveThroughTunnel(page: Window, save: (url: string, name: string) => void): void {
  const { navigation } = page as { navigation?: EventTarget };
  navigation?.addEventListener('navigate', (event) => {
    const { cancelable, destination, downloadRequest } = event as DownloadEvent;
    const name = downloadRequest ?? undefined;
    if (name === undefined || !cancelable) return;
    const { origin, protocol } = new URL(destination.url);
    if (!/^https?:$/.test(protocol) || origin !== page.location.origin) return;
    event.preventDefault();
    save(destination.url, name);
  });
}
