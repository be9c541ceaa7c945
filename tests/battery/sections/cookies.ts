/** RFC 6265 and the Cookie Store API: what scripts write, what the server sets, what it gets. */
export function cookies(): Record<string, () => unknown> {
  const sent = async (): Promise<string[]> =>
    (await (await fetch('/cookies')).text()).split('; ').filter((pair) => pair.startsWith('b-'));
  const shown = (): string[] =>
    document.cookie
      .split('; ')
      .filter((pair) => pair.startsWith('b-'))
      .sort();
  const set = (...lines: string[]): Promise<Response> =>
    fetch(`/set-cookie?${new URLSearchParams(lines.map((line) => ['c', line])).toString()}`);
  const store = (): CookieStore => {
    if (!('cookieStore' in window)) throw new RangeError('no store');
    return window.cookieStore;
  };
  return {
    'a script’s cookie is shown and sent': async () => {
      document.cookie = 'b-one=1';
      return [shown(), await sent()];
    },
    'one of the server is shown and sent': async () => {
      await set('b-two=2; Path=/');
      return [shown(), await sent()];
    },
    'one that is HttpOnly is sent only': async () => {
      await set('b-hidden=3; HttpOnly; Path=/');
      return [shown(), await sent()];
    },
    'two at once': async () => {
      await set('b-four=4; Path=/', 'b-five=5; Path=/');
      return shown();
    },
    'one is overwritten': async () => {
      document.cookie = 'b-two=changed';
      return [shown(), await sent()];
    },
    'one is deleted by a script': async () => {
      document.cookie = 'b-one=; Max-Age=0';
      return [shown(), await sent()];
    },
    'one is deleted by the server': async () => {
      await set('b-four=; Max-Age=0; Path=/');
      return [shown(), await sent()];
    },
    'a script can’t write over one that is HttpOnly': async () => {
      document.cookie = 'b-hidden=mine';
      const seen = [shown(), await sent()];
      document.cookie = 'b-hidden=; Max-Age=0';
      return seen;
    },
    'one of another path': async () => {
      document.cookie = 'b-six=6; path=/elsewhere';
      return shown();
    },
    'one that is Secure': async () => {
      document.cookie = 'b-seven=7; Secure';
      return [shown(), await sent()];
    },
    'one without a name': () => {
      document.cookie = '=b-nameless';
      return document.cookie.includes('b-nameless');
    },
    'a request without credentials': async () =>
      (await (await fetch('/cookies', { credentials: 'omit' })).text()) === '',
    'the store gets one': async () => (await store().get('b-two'))?.value,
    'the store gets all': async () =>
      (await store().getAll())
        .map(({ name }) => name)
        .filter((name) => name?.startsWith('b-'))
        .sort(),
    'the store sets one': async () => {
      await store().set('b-eight', '8');
      return [shown(), await sent()];
    },
    'the store deletes one': async () => {
      await store().delete('b-eight');
      return [shown(), await sent()];
    },
    'the store tells of a change': async () => {
      const change = new Promise<string>((resolve) => {
        store().addEventListener('change', ({ changed }) => {
          const found = changed.find(({ name }) => name === 'b-nine');
          if (found !== undefined) resolve(`${found.name}=${found.value}`);
        });
      });
      document.cookie = 'b-nine=9';
      return change;
    },
    'cookies are on': () => navigator.cookieEnabled,
  };
}

/** The Storage standard, Web Storage, Indexed Database, Cache API and Web Locks. */
export function storage(): Record<string, () => unknown> {
  const database = (): Promise<IDBDatabase> =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open('battery', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('things');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(new RangeError('no database'));
    });
  return {
    'localStorage keeps': () => {
      localStorage.setItem('b', 'é');
      return [localStorage.getItem('b'), typeof localStorage['b'], 'b' in localStorage];
    },
    'localStorage has nothing else': () => Object.keys(localStorage).filter((key) => key !== 'b'),
    'sessionStorage keeps': () => {
      sessionStorage['s'] = 1;
      return [sessionStorage.getItem('s'), typeof sessionStorage['s']];
    },
    'sessionStorage has nothing else': () => Object.keys(sessionStorage),
    'a missing item': () => localStorage.getItem('none'),
    'more than there is room for': () => localStorage.setItem('big', 'x'.repeat(11 * 1024 * 1024)),
    'a change in another document is told': async () => {
      const frame = document.createElement('iframe');
      frame.src = '/frame';
      document.body.append(frame);
      await new Promise((resolve) => (frame.onload = resolve));
      const told = new Promise((resolve) => {
        addEventListener('storage', ({ key, newValue }) => resolve([key, newValue]), {
          once: true,
        });
      });
      frame.contentWindow?.localStorage.setItem('told', 'yes');
      return told.finally(() => frame.remove());
    },
    'a database keeps': async () => {
      const found = await database();
      const things = found.transaction('things', 'readwrite').objectStore('things');
      things.put({ a: new Date(0) }, 1);
      const request = things.get(1) as IDBRequest<unknown>;
      await new Promise((resolve) => (request.onsuccess = resolve));
      found.close();
      return request.result;
    },
    databases: async () => (await indexedDB.databases()).map(({ name }) => name).sort(),
    'a cache keeps an answer': async () => {
      const cache = await caches.open('b');
      await cache.add('/text');
      return [(await cache.match('/text'))?.url, await (await cache.match('/text'))?.text()];
    },
    'the names of caches': () => caches.keys(),
    'a lock is held': () => navigator.locks.request('b', (lock) => `${lock?.name} ${lock?.mode}`),
    'a lock that is not free': () =>
      navigator.locks.request('b', () =>
        navigator.locks.request('b', { ifAvailable: true }, (lock) => lock === null),
      ),
    'an estimate': async () => typeof (await navigator.storage.estimate()).quota,
    'a private file system': async () => (await navigator.storage.getDirectory()).kind,
  };
}
