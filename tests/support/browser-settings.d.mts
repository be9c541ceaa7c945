export const CHROMIUM: { readonly executablePath: string; readonly args: readonly string[] };
export const FIREFOX: {
  readonly executablePath: string;
  readonly prefs: Readonly<Record<string, unknown>>;
};
export const WEBKIT: {
  readonly display: { readonly executablePath: string };
  readonly driver: { readonly executablePath: string };
  readonly env: Readonly<Record<string, string>>;
};
