/** HTML section 7.2.5, "the History interface", and the Navigation API. */
export function historyApi(): Record<string, () => unknown> {
  const popped = (go: () => void): Promise<unknown> =>
    new Promise((resolve) => {
      addEventListener('popstate', ({ state }) => resolve([state, location.pathname]), {
        once: true,
      });
      go();
    });
  const { navigation } = window as unknown as { navigation?: Navigation };
  const api = (): Navigation => {
    if (navigation === undefined) throw new RangeError('no Navigation API');
    return navigation;
  };
  return {
    'the first state': () => history.state as unknown,
    pushState: () => {
      const before = history.length;
      history.pushState({ a: [1, new Date(0)] }, '', '/pushed?x#y');
      return [history.length - before, location.pathname, location.search, location.hash];
    },
    'the state is a copy': () => (history.state as { a: unknown[] }).a[1] instanceof Date,
    replaceState: () => {
      const before = history.length;
      history.replaceState('replaced', '', '/replaced');
      return [history.length - before, location.pathname, history.state as unknown];
    },
    'back tells the state': () => popped(() => history.back()),
    'forward tells the state': () => popped(() => history.forward()),
    'another origin': () => history.pushState(null, '', 'http://other.example/'),
    'a state that can’t be copied': () => history.pushState(() => undefined, ''),
    'the own address, whole': () => {
      history.replaceState(null, '', `${location.origin}/whole`);
      return location.pathname;
    },
    'a fragment': () =>
      new Promise((resolve) => {
        addEventListener('hashchange', ({ oldURL, newURL }) => resolve([oldURL, newURL]), {
          once: true,
        });
        location.hash = 'part';
      }),
    scrollRestoration: () => history.scrollRestoration,
    'the address’s parts': () => [location.protocol, location.hash, document.URL === location.href],
    'ancestors of the page': () =>
      'ancestorOrigins' in location ? location.ancestorOrigins.length : 'none known',
    referrer: () => document.referrer,
    'the parent': () => [window.parent === window, window.frameElement, window.opener as unknown],
    'the top': () => window.top === window,
    'the name': () => window.name,
    'the frames': () => [window.length, window.frames === window],
    'the scripts of the page': () => document.scripts.length,
    'the first element of the head': () => document.head.firstElementChild?.localName,
    'Navigation: the entry': () => new URL(api().currentEntry?.url ?? 'x:').pathname,
    'Navigation: a state': () => {
      api().updateCurrentEntry({ state: { a: 1 } });
      return api().currentEntry?.getState() as unknown;
    },
    'Navigation: an intercepted navigation': async () => {
      api().addEventListener('navigate', (event) => event.intercept(), { once: true });
      await api().navigate('/intercepted').finished;
      return location.pathname;
    },
    'Navigation: the event of a push': () =>
      new Promise((resolve) => {
        api().addEventListener(
          'navigate',
          ({ navigationType, canIntercept, hashChange, userInitiated }) =>
            resolve([navigationType, canIntercept, hashChange, userInitiated]),
          { once: true },
        );
        history.pushState(null, '', '/noted');
      }),
    'back to the start': () => {
      history.replaceState(null, '', '/');
      return location.pathname;
    },
  };
}
