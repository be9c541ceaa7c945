import { within } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';

/** What the browser's disk says; undefined when it fails, or says nothing in time: a page waits for this. */
export function fromDisk<T>(asked: Promise<T>): Promise<T | undefined> {
  return within(asked, SERVICE_WORKER_LIMITS.keptAnswerMs).catch(() => undefined);
}
