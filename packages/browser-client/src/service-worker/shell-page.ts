import { WingmanError } from '@wingman/protocol';
import { POSTED_MARK } from '../shared/shell-api.js';
import type { Assets } from './assets.js';
import type { HeldPosts } from './held-posts.js';
import { problemResponse } from './problems.js';

/** Answers a top-level navigation: always with the shell, which then loads the app in its frame. */
export async function shellPage(
  { request, resultingClientId }: FetchEvent,
  assets: Assets,
  posts: HeldPosts,
): Promise<Response> {
  const { method } = request;
  if (method !== 'POST') return assets.shell([]);
  if (await posts.hold(resultingClientId, request)) return assets.shell([POSTED_MARK]);
  const error = new WingmanError('LIMIT_EXCEEDED', 'the form is too large to be held');
  return problemResponse(error, { accept: 'text/html', method });
}
