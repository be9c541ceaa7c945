import type { ShellApi } from '../../src/shared/shell-api.js';

/** A shell that keeps what the shim has told it, by the name of the call. */
export function fakeShellApi(more: Partial<ShellApi> = {}) {
  const calls: [name: string, ...args: unknown[]][] = [];
  const keep =
    (name: string) =>
    (...args: unknown[]): void =>
      void calls.push([name, ...args]);
  const shell: ShellApi = {
    tab: 'tab-1',
    tunnels: true,
    appPort: undefined,
    pageOrigins: new Map(),
    openWebSocket: keep('openWebSocket'),
    report: keep('report'),
    pastOf: () => undefined,
    download: keep('download'),
    isolate: () => false,
    postToOpener: keep('postToOpener'),
    postToParent: keep('postToParent'),
    parts: { tunnel: undefined, p2p: undefined },
    cookiesChanged: keep('cookiesChanged'),
    ...more,
  };
  return { shell, calls };
}
