import { Workbox } from 'workbox-window';

/** A progressive web app as Workbox's documentation has it; runs in the browser. */
const workbox = new Workbox('/sw.js');
const events: string[] = [];
for (const type of ['installed', 'waiting', 'controlling', 'activated', 'redundant'] as const) {
  workbox.addEventListener(type, ({ isUpdate }) => {
    events.push(`${type}${isUpdate === true ? ' as an update' : ''}`);
  });
}

Object.assign(window, {
  pwa: {
    events,
    register: async () => void (await workbox.register()),
    update: () => workbox.update(),
    accept: () => workbox.messageSkipWaiting(),
  },
});
