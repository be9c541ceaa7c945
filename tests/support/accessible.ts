import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'puppeteer-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  id: string;
  nodes: { html: string }[];
}

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 800 };

/** How much wider than the window the page is, in words; nothing when it fits. */
export async function tooWide(tab: Page): Promise<string[]> {
  const { wide, width } = await tab.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    width: innerWidth,
  }));
  return wide > 0 ? [`${wide} pixels too wide for ${width}`] : [];
}

/** Buttons of ours in whose middle something else would be pressed. */
export function coveredButtons(tab: Page): Promise<string[]> {
  return tab.evaluate(() => {
    const hosts = [...document.querySelectorAll('wingman-pill, wingman-together')];
    return hosts.flatMap((host) =>
      [...(host.shadowRoot?.querySelectorAll('button') ?? [])].flatMap((button) => {
        const { left, top, width, height } = button.getBoundingClientRect();
        const pressed = document.elementFromPoint(left + width / 2, top + height / 2);
        return pressed === host
          ? []
          : [`${button.textContent} is covered by ${pressed?.localName}`];
      }),
    );
  });
}

/** What axe finds in our part of the page, touch targets among it (WCAG 2.5.8): the app in the frame is the developer's. */
export async function axeFindings(tab: Page): Promise<string[]> {
  if (await tab.evaluate(() => !('axe' in globalThis))) await tab.evaluate(AXE);
  return tab.evaluate(async () => {
    type Axe = { run(what: object, how: object): Promise<{ violations: Finding[] }> };
    const { axe } = globalThis as unknown as { axe: Axe };
    const rules = { 'target-size': { enabled: true } };
    const { violations } = await axe.run({ exclude: ['iframe'] }, { rules });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

/** What is wrong in our part of the page, on a phone's screen and on a desk's. */
export async function findings(tab: Page): Promise<string[]> {
  const found: string[] = [];
  for (const size of [PHONE, DESK]) {
    await tab.setViewport(size);
    found.push(...(await tooWide(tab)), ...(await axeFindings(tab)));
  }
  return found;
}
