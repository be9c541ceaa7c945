import { http, HttpResponse, passthrough } from 'msw';
import { setupWorker } from 'msw/browser';

/** Mock Service Worker as an app sets it up; runs in the browser. */
const worker = setupWorker(
  http.get('/api/user', ({ request }) =>
    HttpResponse.json(
      { name: 'mocked', query: new URL(request.url).search },
      { headers: { 'x-mock': 'yes' } },
    ),
  ),
  http.post('/api/items', async ({ request }) =>
    HttpResponse.json({ received: await request.json() }, { status: 201 }),
  ),
  http.get('https://api.example.com/far', () => HttpResponse.json({ far: true })),
  http.get('/api/broken', () => HttpResponse.error()),
  http.get('/api/pass', () => passthrough()),
);

Object.assign(window, { msw: worker });
