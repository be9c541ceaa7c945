import type { VNode } from 'preact';
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import type { FeedEvent } from '../api/index.js';
import { ActionButton } from './action-button.js';
import { follow, save, tell } from './api.js';
import { Detail } from './detail.js';
import { DiffView } from './diff-view.js';
import { ExchangeList } from './exchange-list.js';
import { FILTER_HELP, filtered, noFields } from './filter.js';
import { InspectorState } from './state.js';
import { ViewersPage } from './viewers-page.js';

type Page = 'requests' | 'viewers';

/** The whole page. */
export function App(): VNode {
  const { state, version, isConnected } = useFeed();
  const [page, setPage] = useState<Page>('requests');
  const [query, setQuery] = useState('');
  const [isHelpShown, setHelpShown] = useState(false);
  const search = useRef<HTMLInputElement | null>(null);
  const exchanges = useMemo(() => filtered(state.exchanges, query), [version, query]);
  useShortcuts({
    '/': () => search.current?.focus(),
    1: () => setPage('requests'),
    2: () => setPage('viewers'),
    '?': () => setHelpShown(!isHelpShown),
  });
  const waiting = state.viewers.visitors.filter(({ standing }) => standing === 'waiting').length;
  return (
    <>
      <header>
        <strong>Wingman</strong>
        <Pages page={page} viewers={state.viewers.viewers.length} onChoose={setPage} />
        <input
          ref={search}
          type="search"
          value={query}
          placeholder="Filter ( / )"
          aria-label="Filter"
          title={FILTER_HELP}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        <span class="quiet" role="status">
          {isConnected ? `${exchanges.length} of ${state.exchanges.length}` : 'wingman has stopped'}
          {waiting > 0 ? `; ${waiting} want in` : ''}
        </span>
        <ActionButton
          label="Save as HAR"
          action={() => save(harOf(exchanges, query), 'wingman.har')}
        />
        <ActionButton label="Clear" action={() => tell('clear')} />
        <button
          type="button"
          aria-label="Help"
          aria-expanded={isHelpShown}
          onClick={() => setHelpShown(!isHelpShown)}
        >
          ?
        </button>
      </header>
      {isHelpShown ? <Help /> : null}
      {page === 'viewers' ? (
        <ViewersPage state={state.viewers} />
      ) : (
        <RequestsPage {...{ state, exchanges, query }} />
      )}
    </>
  );
}

interface PagesProps {
  readonly page: Page;
  /** How many are here. */
  readonly viewers: number;
  readonly onChoose: (page: Page) => void;
}

function Pages({ page, viewers, onChoose }: PagesProps): VNode {
  const choice = (name: Page, label: string): VNode => (
    <button
      type="button"
      aria-current={page === name ? 'page' : undefined}
      onClick={() => onChoose(name)}
    >
      {label}
    </button>
  );
  return (
    <nav aria-label="Pages">
      {choice('requests', 'Requests')}
      {choice('viewers', `Viewers ${viewers}`)}
    </nav>
  );
}

function Help(): VNode {
  return (
    <aside class="help" aria-label="Help">
      <p>{FILTER_HELP}</p>
      <p>
        Keys: / to the filter, arrows or j and k through the list, Escape closes what is open, 1
        requests, 2 viewers, ? this help.
      </p>
    </aside>
  );
}

/** Those that are shown; without a filter all, which needs no names. */
function harOf(exchanges: readonly { readonly id: number }[], query: string): string {
  return query === '' ? 'har' : `har?ids=${exchanges.map(({ id }) => id).join(',')}`;
}

interface RequestsProps {
  readonly state: InspectorState;
  readonly exchanges: InspectorState['exchanges'];
  readonly query: string;
}

/** Why the list is empty. */
function whyEmpty({ state, query }: RequestsProps): string {
  if (state.exchanges.length === 0)
    return 'Nothing has passed yet. What reviewers ask the app for appears here.';
  const unknown = noFields(query);
  const why =
    unknown.length === 0 ? '' : ` ${unknown.join(' ')} is no field, so its text was looked for.`;
  return `Nothing fits the filter.${why} ? shows what it knows.`;
}

function RequestsPage(props: RequestsProps): VNode {
  const { state, exchanges } = props;
  const [selected, setSelected] = useState<number | undefined>(undefined);
  const [compared, setCompared] = useState<number | undefined>(undefined);
  const [diff, setDiff] = useState<readonly [number, number] | undefined>(undefined);
  const summary = selected === undefined ? undefined : state.get(selected);
  useShortcuts({
    Escape: () => (diff === undefined ? setSelected(undefined) : setDiff(undefined)),
  });
  const compare = (id: number): void => {
    if (compared === undefined || compared === id) return setCompared(id);
    setDiff([compared, id]);
    setCompared(undefined);
  };
  const select = useCallback((id: number): void => {
    setSelected(id);
    setDiff(undefined);
  }, []);
  return (
    <main class={`requests ${summary === undefined ? '' : 'split'}`}>
      <h1>Requests</h1>
      <ExchangeList {...{ exchanges, selected }} empty={whyEmpty(props)} onSelect={select} />
      {diff === undefined ? null : (
        <DiffView from={diff[0]} to={diff[1]} onClose={() => setDiff(undefined)} />
      )}
      {summary === undefined || diff !== undefined ? null : (
        <Detail
          {...{ summary, compared }}
          onCompare={compare}
          onSelect={select}
          onClose={() => setSelected(undefined)}
        />
      )}
    </main>
  );
}

/** What the host tells. Drawn once for all that has come since the last frame. */
function useFeed() {
  const [version, draw] = useReducer((turn: number) => turn + 1, 0);
  const [isConnected, setConnected] = useState(true);
  const state = useMemo(() => new InspectorState(), []);
  useEffect(() => {
    const leaving = new AbortController();
    let isDue = false;
    const drawSoon = (): void => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        draw(undefined);
      });
    };
    const event = (news: FeedEvent): void => {
      state.apply(news);
      drawSoon();
    };
    const connected = (isIt: boolean): void => {
      if (isIt) state.restart();
      setConnected(isIt);
    };
    void follow<FeedEvent>('events', { event, connected }, leaving.signal);
    return () => leaving.abort();
  }, []);
  return { state, version, isConnected };
}

/** Keys that act wherever nobody types. */
function useShortcuts(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const isTyped = event.target instanceof Element && event.target.matches('input, textarea');
      const action = keys[event.key];
      if (
        action === undefined ||
        (isTyped && event.key !== 'Escape') ||
        event.ctrlKey ||
        event.metaKey
      )
        return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  });
}
