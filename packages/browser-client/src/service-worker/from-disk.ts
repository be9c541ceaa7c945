import { within } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';

/** What the browser's disk gives; undefined when that fails or does not come in time: a page may wait for it. */
export function fromDisk<T>(
  asked: Promise<T>,
  milliseconds: number = SERVICE_WORKER_LIMITS.keptAnswerMs,
): Promise<T | undefined> {
  return within(asked, milliseconds).catch(() => undefined);
}
