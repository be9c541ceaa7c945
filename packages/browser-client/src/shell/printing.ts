import type { AppFrame } from './app-frame.js';

/** About the width of A4 and Letter between usual margins, in CSS pixels: pages say it to nobody. */
const PAPER_WIDTH = 700;

/**
 * Has the app printed and not the page around it. Where the browser prints the tab all the same (from
 * its menu), the frame is made as high as what is in it: of a frame no more is printed than is seen.
 */
export function printApp(tab: Window, frame: AppFrame): void {
  tab.print = () => frame.window?.print();
  tab.addEventListener('beforeprint', () => frame.stretch(PAPER_WIDTH));
  tab.addEventListener('afterprint', () => frame.unstretch());
}
