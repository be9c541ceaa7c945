/** The page's one file, as the build leaves it. */
export const PAGE_FILE = new URL('../../assets/inspector.html', import.meta.url);
