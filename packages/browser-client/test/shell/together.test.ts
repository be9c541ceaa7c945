import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TogetherCode } from '../../src/shell/together.js';
import { TOGETHER_API } from '../../src/together/api.js';
import { closeTabs, openTab, setGlobal, type Tab } from '../support/dom.js';
import { settle } from '../support/fake-clock.js';
import { FakeFrame } from '../support/followed-frame.js';

let tab: Tab;
let shown: string[];
let scripts: HTMLScriptElement[];

beforeEach(() => {
  tab = openTab('https://s.example/', '<p id="slot"></p>');
  shown = [];
  setGlobal('WINGMAN_TOGETHER', 'sha256-x');
  scripts = [];
  // A real one would be loaded.
  tab.document.head.append = (script) => void scripts.push(script as HTMLScriptElement);
});

afterEach(() => closeTabs());

function setUp() {
  const code = new TogetherCode(new FakeFrame());
  const slot = tab.document.getElementById('slot');
  if (slot === null) throw new Error('there is no slot');
  return { slot, show: code.show };
}

async function arrives(): Promise<void> {
  const code = (slot: Element) => {
    shown.push(`in ${slot.id}`);
    return () => void shown.push('out');
  };
  Object.assign(tab, { [TOGETHER_API]: code });
  scripts.at(-1)?.dispatchEvent(new tab.Event('load'));
  await settle();
}

test('the code comes once, when it is asked for, and only as it was built', async () => {
  const { show, slot } = setUp();
  expect(scripts).toEqual([]);
  const hide = show(slot);
  const [script] = scripts;
  expect([script?.getAttribute('src'), script?.integrity]).toEqual([
    '/__wingman/together.js',
    'sha256-x',
  ]);
  await arrives();
  hide();
  show(slot);
  await settle();
  expect(scripts).toHaveLength(1);
  expect(shown).toEqual(['in slot', 'out', 'in slot']);
});

test('details that are closed before the code is there show nothing', async () => {
  const { show, slot } = setUp();
  show(slot)();
  await arrives();
  expect(shown).toEqual([]);
});

test('code that could not be had is asked for the next time', async () => {
  const { show, slot } = setUp();
  show(slot);
  scripts[0]?.dispatchEvent(new tab.Event('error'));
  await settle();
  show(slot);
  expect(scripts).toHaveLength(2);
});
