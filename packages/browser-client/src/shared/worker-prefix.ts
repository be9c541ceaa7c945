/** Under this name a worker's shim finds the tab it belongs to. */
export const TAB_NAME = 'wingmanTab';

/** What runs the shim at the beginning of a worker's script, on its first line, so that line numbers stay. */
export function workerPrefix(shim: string, tab: string | null): string {
  return `self.${TAB_NAME}=${JSON.stringify(tab)};${shim};`;
}
