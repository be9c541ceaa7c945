import type { DocumentReport } from '../shared/shell-api.js';
import { around } from './before-call.js';

/** Tells the shell what this document shows: at once, and whenever it changes. */
export function reportDocument(
  page: Window & typeof globalThis,
  send: (report: DocumentReport) => void,
): void {
  const { document } = page;
  let isScheduled = false;
  const report = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    page.setTimeout(() => {
      isScheduled = false;
      send(describe(page));
    });
  };
  watchHistory(page.history, report);
  for (const type of ['popstate', 'hashchange', 'pageshow', 'load'])
    page.addEventListener(type, report);
  document.addEventListener('DOMContentLoaded', report);
  new page.MutationObserver(report).observe(document.head ?? document.documentElement, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
  send(describe(page));
}

function describe(page: Window): DocumentReport {
  const { document } = page;
  const icons = document.querySelectorAll<HTMLLinkElement>('link[rel~="icon" i][href]');
  const themeColors = document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color" i]');
  const themeColor = [...themeColors].find(
    ({ media }) => media === '' || page.matchMedia(media).matches,
  );
  const viewports = document.querySelectorAll<HTMLMetaElement>('meta[name="viewport" i]');
  const missing = document.readyState === 'loading' ? undefined : null;
  return {
    url: document.location.href,
    title: document.title,
    icon: icons[icons.length - 1]?.href ?? missing,
    themeColor: themeColor?.content ?? null,
    viewport: viewports[viewports.length - 1]?.content ?? missing,
  };
}

/** pushState and replaceState have no event. */
function watchHistory(history: History, report: () => void): void {
  for (const name of ['pushState', 'replaceState']) {
    around(history, name, (native, self, args) => {
      Reflect.apply(native, self, args);
      report();
    });
  }
}
