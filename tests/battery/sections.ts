import type { Section } from './section.js';
import { caching } from './sections/caching.js';
import { cookies, storage } from './sections/cookies.js';
import { forms, policies, resources } from './sections/documents.js';
import { fetching, fetchMethod, requestBodies } from './sections/fetch.js';
import { frames, messages } from './sections/frames.js';
import { attributes, interfaces, operations } from './sections/interfaces.js';
import { historyApi } from './sections/navigation.js';
import { eventStreams, streams } from './sections/streams.js';
import { webSockets } from './sections/web-sockets.js';
import { workers } from './sections/workers.js';
import { xmlHttpRequest } from './sections/xhr.js';

/** All sections, in the order in which a page runs them. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  ...{ policies, interfaces, operations, attributes, resources },
  ...{ fetchMethod, requestBodies, fetching, xmlHttpRequest, streams, eventStreams },
  ...{ webSockets, cookies, storage, frames, messages, workers, forms, historyApi, caching },
};
