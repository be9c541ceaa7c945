import type { DocumentReport } from '../shared/shell-api.js';

/** Tells the shell what this document shows: at once, and whenever it changes. */
export function reportDocument(send: (report: DocumentReport) => void): void {
  let isScheduled = false;
  const report = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      send(describe(document));
    });
  };
  watchHistory(report);
  for (const type of ['popstate', 'hashchange', 'pageshow', 'load']) addEventListener(type, report);
  document.addEventListener('DOMContentLoaded', report);
  new MutationObserver(report).observe(document.head ?? document.documentElement, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
  send(describe(document));
}

function describe(page: Document): DocumentReport {
  const icons = page.querySelectorAll<HTMLLinkElement>('link[rel~="icon" i][href]');
  const themeColors = [...page.querySelectorAll<HTMLMetaElement>('meta[name="theme-color" i]')];
  const themeColor = themeColors.find(({ media }) => media === '' || matchMedia(media).matches);
  const viewports = page.querySelectorAll<HTMLMetaElement>('meta[name="viewport" i]');
  const unless = page.readyState === 'loading' ? undefined : null;
  return {
    url: page.location.href,
    title: page.title,
    icon: icons[icons.length - 1]?.href ?? unless,
    themeColor: themeColor?.content ?? null,
    viewport: viewports[viewports.length - 1]?.content ?? unless,
  };
}

/** pushState and replaceState have no event. */
function watchHistory(report: () => void): void {
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name].bind(history);
    history[name] = (...args: Parameters<History['pushState']>) => {
      original(...args);
      report();
    };
  }
}
