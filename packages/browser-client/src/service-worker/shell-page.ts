import { WingmanError } from '@wingman/protocol';
import { ISOLATING } from '@wingman/web-policy';
import { ISOLATED_MARK, POSTED_MARK, REFERRER_MARK } from '../shared/shell-api.js';
import type { Asked } from './app-fetch.js';
import type { Assets } from './assets.js';
import type { HeldPosts } from './held-posts.js';
import type { Isolation } from './isolation.js';
import { problemResponse } from './problems.js';

/** What the answer depends on. */
export interface ShellPageTools {
  readonly assets: Assets;
  readonly isolation: Isolation;
  readonly posts: HeldPosts;
}

/** Answers a top-level navigation: always with the shell, which then loads the app in its frame. */
export async function shellPage(
  { request, resultingClientId }: Asked,
  { assets, isolation, posts }: ShellPageTools,
): Promise<Response> {
  const { method } = request;
  const isIsolated = await isolation.isOn;
  const headers = isIsolated ? ISOLATING : {};
  const marks = {
    // Firefox doesn't tell a page that comes from a service worker.
    ...(request.referrer.startsWith('http') ? { [REFERRER_MARK]: request.referrer } : {}),
    ...(isIsolated ? { [ISOLATED_MARK]: '' } : {}),
  };
  if (method !== 'POST') return assets.shell(marks, headers);
  if (await posts.hold(resultingClientId, request)) {
    return assets.shell({ ...marks, [POSTED_MARK]: '' }, headers);
  }
  const error = new WingmanError('LIMIT_EXCEEDED', 'the form is too large to be held');
  return problemResponse(error, { accept: 'text/html', method });
}
