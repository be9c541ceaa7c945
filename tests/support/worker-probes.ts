/** What a page sees of its own service worker; each function runs in the page, on localhost and through the tunnel. */
export const workerProbes = {
  /** First visit: the states, in their order, and who controls the page when. */
  lifecycle: async (): Promise<unknown> => {
    const container = navigator.serviceWorker;
    const log: unknown[] = [['controller', container.controller]];
    // Firefox tells it by another way than what happens to the registration: before or after, on localhost too.
    let controlled = 0;
    const isControlled = new Promise<void>((resolve) => {
      container.addEventListener('controllerchange', () => {
        controlled += 1;
        resolve();
      });
    });
    const registration = await container.register('/sw.js');
    const { installing } = registration;
    const isActive = new Promise<void>((resolve) => {
      installing?.addEventListener('statechange', () => {
        log.push(installing.state);
        if (installing.state === 'activated') resolve();
      });
    });
    log.push(['registered', installing?.state, registration.waiting, registration.active]);
    registration.addEventListener('updatefound', () =>
      log.push(['updatefound', registration.installing === installing]),
    );
    await Promise.all([isActive, isControlled, container.ready]);
    const same = await container.getRegistration();
    return [
      log,
      controlled,
      registration === same,
      registration === (await container.register('/sw.js')),
      container.controller === registration.active,
      [installing?.state, registration.installing, registration.waiting],
      [new URL(registration.scope).pathname, registration.updateViaCache],
      (await container.getRegistrations()).length,
    ];
  },

  fetches: async (): Promise<unknown> => {
    const get = async (url: string, init?: RequestInit): Promise<unknown> => {
      try {
        const response = await fetch(url, init);
        const { status, type, redirected } = response;
        return [status, type, redirected, response.headers.get('x-own'), await response.text()];
      } catch (error) {
        return (error as Error).name;
      }
    };
    const headers = { 'x-sent': 'by page' };
    return [
      await get('/own/text'),
      await get('/own/late'),
      await get('/own/kept'),
      await get('/own/fails'),
      await get('/own/prevented'),
      await get('/own/empty'),
      await get('/own/stream'),
      await get('/own/fetched'),
      await get('/own/request', { headers }),
      await get('/own/request', { headers, signal: new AbortController().signal }),
      await get('/own/request', { method: 'POST', body: 'sünk', headers, credentials: 'omit' }),
      await get('/own/request', { mode: 'same-origin', redirect: 'error' }),
      await get('/through/echo', { method: 'PUT', body: 'x'.repeat(20), headers }),
      // Not whether it was redirected: that is lost on the way through the emulation.
      ((await get('/through/moved')) as unknown[]).filter((part) => typeof part !== 'boolean'),
      await get('/through/missing'),
      await get('/plain'),
    ];
  },

  messages: async (): Promise<unknown> => {
    const { active } = await navigator.serviceWorker.ready;
    const ask = (what: string): Promise<unknown> => {
      const { port1, port2 } = new MessageChannel();
      active?.postMessage({ ask: what, port: port2 }, [port2]);
      return new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    };
    const heard = new Promise((resolve) => {
      navigator.serviceWorker.onmessage = ({ data, source, ports }) => {
        resolve([data, source === navigator.serviceWorker.controller, ports.length]);
      };
    });
    const { port2 } = new MessageChannel();
    active?.postMessage({ ask: 'source', text: 'hello', port: port2 }, { transfer: [port2] });
    const soon = (promise: Promise<unknown>): Promise<unknown> =>
      Promise.race([promise, new Promise((go) => setTimeout(() => go('nothing'), 20_000))]);
    return [await soon(heard), await soon(ask('clients')), await soon(ask('scope'))];
  },

  /** Registrations that browsers refuse, and one that fails later. */
  refusals: async (): Promise<unknown> => {
    const attempt = async (url: string, scope?: string): Promise<unknown> => {
      const init = scope === undefined ? {} : { scope };
      return navigator.serviceWorker.register(url, init).then(
        () => 'registered',
        (error: Error) => error.name,
      );
    };
    const outcomes = [
      await attempt('/bad/missing.js'),
      await attempt('/bad/type.js'),
      await attempt('/bad/syntax.js'),
      await attempt('/bad/throws.js'),
      await attempt('/bad/import.js'),
      await attempt('/bad/moved.js'),
      await attempt('/bad/install.js', '/'),
      await attempt('/bad/%2f.js'),
      await attempt('https://elsewhere.example/sw.js'),
      await attempt('/sw.js', 'https://elsewhere.example/'),
    ];
    const registration = await navigator.serviceWorker.register('/bad/install.js');
    const { installing } = registration;
    await new Promise<void>((resolve) => {
      if (installing === null || installing.state === 'redundant') resolve();
      else installing.addEventListener('statechange', () => resolve());
    });
    outcomes.push(installing?.state);
    return outcomes;
  },
};
