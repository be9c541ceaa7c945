/** Has to run in the shell's realm: that is whom the receiver is shown as the source (HTML, window post message steps). */
export function postToOpener(...args: unknown[]): void {
  const opener = window.opener as { postMessage(...args: unknown[]): void } | null;
  opener?.postMessage(...args);
}
