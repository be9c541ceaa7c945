import { describe, expect, test } from '@jest/globals';
import { inIsolatedTab } from '../src/service-worker/isolation.js';

const NAME = 'cross-origin-embedder-policy';

describe('a document in an isolated tab', () => {
  test('that asks for isolation stays as it is', () => {
    const response = new Response('page', { headers: { [NAME]: 'credentialless' } });
    expect(inIsolatedTab(response, 'GET')).toBe(response);
    expect(response.headers.get(NAME)).toBe('credentialless');
  });

  test('that says that it asks for none does not', async () => {
    const response = new Response('page', { headers: { [NAME]: 'unsafe-none' } });
    expect(await inIsolatedTab(response, 'GET').text()).toContain('isolate(false)');
  });

  test('that does not has the tab leave it, and can itself be shown meanwhile', async () => {
    const leaving = inIsolatedTab(new Response('page'), 'GET');
    expect(await leaving.text()).toContain('isolate(false)');
    expect(leaving.headers.get(NAME)).toBe('require-corp');
  });

  test.each<[string, string, ResponseInit]>([
    ['answer to a form', 'POST', {}],
    ['download', 'GET', { headers: { 'content-disposition': 'attachment; filename=a' } }],
    ['page of ours', 'GET', { status: 503, headers: { 'wingman-error': 'HOST_OFFLINE' } }],
    ['redirect', 'GET', { status: 302, headers: { location: '/next' } }],
  ])('a %s is let in', async (_, method, init) => {
    const response = inIsolatedTab(new Response('body', init), method);
    expect(response.headers.get(NAME)).toBe('require-corp');
    expect(await response.text()).toBe('body');
  });
});
