import { describe, expect, test } from '@jest/globals';
import { appDocument } from '../src/service-worker/app-document.js';
import { admitFrame, admitShim } from '../src/service-worker/document-policy.js';
import { Registry, type Saved } from '../src/service-worker/registry.js';
import {
  newRegistration,
  newVersion,
  transition,
  type Registration,
} from '../src/service-worker/versions.js';
import { PageState } from '../src/page/page-state.js';
import type { PageSnapshot, WorkerSnapshot } from '../src/messages.js';

const ORIGIN = 'https://session.example';

function registered(path: string): Registration {
  const registration = newRegistration(ORIGIN + path);
  registration.active = newVersion(`${ORIGIN}/sw.js`, 'classic');
  for (const state of ['installing', 'installed', 'activating'] as const) {
    transition(registration.active, state);
  }
  return registration;
}

describe('a version', () => {
  test('takes no state that the table does not have', () => {
    const version = newVersion('/sw.js', 'classic');
    transition(version, 'activated');
    expect(version.state).toBe('parsed');
    transition(version, 'installing');
    transition(version, 'redundant');
    transition(version, 'installed');
    expect(version.state).toBe('redundant');
  });
});

describe('the registry', () => {
  function store(saved?: Saved): { read(): Promise<Saved | undefined>; write(): Promise<void> } {
    return { read: () => Promise.resolve(saved), write: () => Promise.resolve() };
  }

  test('finds the longest scope, and none that was unregistered', () => {
    const registry = new Registry(store(), () => undefined);
    const [root, deep] = [registered('/'), registered('/app/')];
    registry.add(root);
    registry.add(deep);
    expect(registry.match(`${ORIGIN}/app/page`)).toBe(deep);
    expect(registry.match(`${ORIGIN}/application`)).toBe(root);
    deep.isUnregistered = true;
    expect(registry.match(`${ORIGIN}/app/page`)).toBe(root);
  });

  test('says what was true when it was asked, and keeps who controls whom over a restart', async () => {
    let saved: Saved | undefined;
    const keeping = {
      read: () => Promise.resolve(undefined),
      // As a cache does: what changes later doesn't change it.
      write: (now: Saved) => Promise.resolve(void (saved = structuredClone(now))),
    };
    const registry = new Registry(keeping, () => undefined);
    const registration = registered('/');
    registry.add(registration);
    registry.control('client', registration, 'tab');
    const snapshots = registry.snapshots();
    registration.active = null;
    await registry.save();
    expect(snapshots('client').controller?.state).toBe('activating');
    expect(snapshots('stranger').controller).toBeNull();

    registration.active = registered('/').active;
    await registry.save();
    const next = new Registry(store(saved), () => undefined);
    expect(next.isLoaded).toBe(false);
    await next.loaded;
    expect(next.controllerOf('client')?.active?.state).toBe('activated');
    expect(next.tabOf('client')).toBe('tab');
  });
});

describe('a document of the app’s worker', () => {
  const shim = /<script src="\/__wingman\/shim\.js" nonce="[^"]+"><\/script>/;
  const shown = async (body: string, headers: Record<string, string> = {}): Promise<string> => {
    const init = { headers: { 'content-type': 'text/html', ...headers } };
    return (await appDocument(new Response(body, init), `${ORIGIN}/page`)).text();
  };

  test.each([
    ['<!doctype html><html lang="a>b"><head><title>x</title>', '<title>x</title>'],
    ['<!-- <head> --><!DOCTYPE html>\n<HTML>\n<body>hi', '<body>hi'],
    ['\uFEFFjust text', 'just text'],
    ['<header>no head</header>', '<header>no head</header>'],
    ['', ''],
  ])('has the shim before the first script of %j', async (page, rest) => {
    const [start = '', end] = (await shown(page)).split(shim);
    expect(end).toBe(rest);
    expect(start + (end ?? '')).toBe(page.replace('\uFEFF', ''));
  });

  test('has it once, and other files have none', async () => {
    const page = '<head><script src="/__wingman/shim.js" nonce="x"></script></head>';
    expect(await shown(page)).toBe(page);
    expect(await shown('text', { 'content-type': 'text/plain' })).toBe('text');
  });

  test('that asks for cross-origin isolation has it, whoever has put the shim there', async () => {
    const isolating = {
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp; report-to="x"',
    };
    const own = '<head><script src="/__wingman/shim.js" data-isolated></script>';
    const given = '<head><script src="/__wingman/shim.js" nonce="x"></script>';
    expect(await shown(given, isolating)).toBe(
      '<head><script src="/__wingman/shim.js" data-isolated nonce="x"></script>',
    );
    expect((await shown('<head>', isolating)).replace(/ nonce="[^"]*"/, '')).toBe(own);
    expect(await shown('<head>')).not.toContain('isolated');
  });

  test('that has the shim is not held back', async () => {
    const start = '<!doctype html><head><script src="/__wingman/shim.js"></script>';
    const page = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(start)),
    });
    const headers = { 'content-type': 'text/html' };
    const response = await appDocument(new Response(page, { headers }), `${ORIGIN}/page`);
    const first = await response.body?.getReader().read();
    expect(new TextDecoder().decode(first?.value)).toBe(
      '<!doctype html><head><script src="/__wingman/shim.js"',
    );
  });

  test('a redirect to another site leaves the frame', async () => {
    const away = new Response(null, {
      status: 302,
      headers: { location: 'https://other.example/' },
    });
    expect(await (await appDocument(away, `${ORIGIN}/`)).text()).toContain('location.replace');
    const home = new Response(null, { status: 302, headers: { location: `${ORIGIN}/a` } });
    expect((await appDocument(home, `${ORIGIN}/`)).status).toBe(302);
  });

  test('its policies let our frame and the shim in, and nobody else', () => {
    const admitted = (policy: string): string | null => {
      const headers = new Headers({ 'content-security-policy': policy, 'x-frame-options': 'DENY' });
      admitFrame(headers);
      admitShim(headers, 'abc', '/shim.js');
      expect(headers.has('x-frame-options')).toBe(false);
      return headers.get('content-security-policy');
    };
    expect(admitted("default-src 'self'; frame-ancestors 'none'")).toBe(
      "default-src 'self'; script-src-elem 'self' /shim.js",
    );
    expect(admitted("script-src 'nonce-x' 'strict-dynamic'")).toBe(
      "script-src 'nonce-x' 'strict-dynamic'; script-src-elem 'nonce-x' 'strict-dynamic' 'nonce-abc'",
    );
    expect(admitted("script-src 'none', img-src *")).toBe(
      "script-src 'none'; script-src-elem /shim.js,img-src *",
    );
  });
});

describe('what a page sees', () => {
  const asker = {
    update: () => Promise.resolve(),
    unregister: () => Promise.resolve(),
    post: () => undefined,
  };
  const worker = (id: string, state: WorkerSnapshot['state']): WorkerSnapshot => ({
    ...{ id, state, scriptUrl: '/sw.js' },
  });
  const snapshot = (
    places: { installing?: WorkerSnapshot; waiting?: WorkerSnapshot; active?: WorkerSnapshot },
    controller: WorkerSnapshot | null = null,
  ): PageSnapshot => ({
    registrations: [
      {
        id: 'r',
        scope: '/',
        updateViaCache: 'imports',
        installing: null,
        waiting: null,
        active: null,
        ...places,
      },
    ],
    controller,
  });

  test('the same worker is the same object from its installation to its end', () => {
    const log: string[] = [];
    const state = new PageState(asker);
    state.onControllerChange = () => log.push('controllerchange');
    const play = (next: PageSnapshot): void => state.apply(next).forEach((fire) => fire());
    play(snapshot({ installing: worker('one', 'installing') }));
    const one = state.byId('r')?.installing;
    one?.addEventListener('statechange', () => log.push(one.state));
    state.byId('r')?.addEventListener('updatefound', () => log.push('updatefound'));
    play(snapshot({ waiting: worker('one', 'installed') }));
    expect(state.byId('r')?.waiting).toBe(one);
    play(snapshot({ active: worker('one', 'activated') }, worker('one', 'activated')));
    expect(state.controller).toBe(one);
    play(
      snapshot(
        { installing: worker('two', 'installing'), active: worker('one', 'activated') },
        worker('one', 'activated'),
      ),
    );
    play(snapshot({ active: worker('two', 'activated') }, worker('two', 'activated')));
    expect(log).toEqual([
      'installed',
      'activated',
      'controllerchange',
      'updatefound',
      'redundant',
      'controllerchange',
    ]);
    expect(state.controller?.id).toBe('two');
  });

  test('a registration that is gone is empty, but for the worker that still controls the page', () => {
    const state = new PageState(asker);
    state.apply(snapshot({ active: worker('one', 'activated') }, worker('one', 'activated')));
    const registration = state.byId('r');
    state.apply({ registrations: [], controller: worker('one', 'activated') });
    expect(state.registrations).toEqual([]);
    expect(registration?.active?.state).toBe('activated');
  });
});
