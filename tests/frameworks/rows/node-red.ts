import { eventually } from '../../support/program.js';
import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const SETTINGS = `const { hashSync } = require('bcryptjs');

module.exports = {
  adminAuth: {
    type: 'credentials',
    users: [{ username: 'ada', password: hashSync('enter', 8), permissions: '*' }],
  },
  editorTheme: { tours: false, palette: { catalogues: [] } },
  telemetry: { enabled: false, updateNotification: false },
};
`;

async function logIn(visit: Visit): Promise<void> {
  await visit.fill('#node-dialog-login-username', 'ada');
  await visit.fill('#node-dialog-login-password', 'enter');
  await visit.press('#node-dialog-login-submit');
  await visit.has('[data-palette-type=debug]');
}

const CANVAS = '#red-ui-workspace';
const OUTPUT = '.red-ui-flow-port-output';
const INPUT = '.red-ui-flow-port-input';
const DEPLOYED = 'Successfully deployed';
const MESSAGE = '.red-ui-debug-msg-payload .red-ui-debug-msg-type-number';

/** Two nodes and a wire by hand; the message comes to the sidebar by the editor's WebSocket. */
async function buildFlow(visit: Visit): Promise<unknown> {
  const at = (type: string): string => `.red-ui-palette-node[data-palette-type=${type}]`;
  await visit.until(OUTPUT, () => visit.drag(at('inject'), CANVAS, [0, -80]));
  await visit.until(INPUT, () => visit.drag(at('debug'), CANVAS, [0, 60]));
  await visit.until('.red-ui-flow-link', () => visit.drag(OUTPUT, INPUT));
  await deploy(visit);
  const frame = await visit.until(MESSAGE, () => visit.press('.red-ui-flow-node-button-button'));
  const read = (selector: string): unknown => document.querySelector(selector)?.textContent;
  return String(await frame.evaluate(read, MESSAGE)).replace(/\d/g, '0');
}

async function emptyFlow(visit: Visit): Promise<void> {
  await visit.press(CANVAS);
  await visit.tab.chord('Control', 'a');
  await visit.tab.chord('Delete');
  const isEmpty = (port: string): boolean => document.querySelector(port) === null;
  await eventually('an empty flow', () => visit.root.evaluate(isEmpty, OUTPUT));
  await deploy(visit);
}

async function deploy(visit: Visit): Promise<void> {
  await visit.lacks(DEPLOYED);
  await visit.press('#red-ui-header-button-deploy');
  await visit.shows(DEPLOYED);
}

export const nodeRed: Framework = {
  name: 'node-red',
  title: 'Node-RED',
  packages: ['node-red'],
  scaffold: [
    { 'package.json': JSON.stringify({ private: true }), 'settings.js': SETTINGS },
    'cd node-red && npm install node-red@4.1.15',
  ],
  start: ({ app }) => `rm -rf data && npx node-red -p ${app} -u data -s settings.js`,
  shows: 'Username',
  edits: [],
  checks: [
    { what: 'login', run: logIn },
    { what: 'a flow built by dragging, its messages live', run: buildFlow },
    { what: 'deletion', run: emptyFlow },
  ],
  notes: ['the last major version for Node 20'],
};
