export interface ThrowawaySsh {
  readonly server: readonly string[];
  readonly client: (address: string, more: readonly string[]) => string[];
}
export function throwawaySsh(folder: string, port: number, lines?: readonly string[]): ThrowawaySsh;
