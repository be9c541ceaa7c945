import { formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ViewerInfo, ViewersState, VisitorEntry } from '../api/index.js';
import { tell } from './api.js';
import { Charts } from './charts.js';
import { formatMs, pathName, shortId } from './format.js';

/** Who is here, how they are connected, and who may stay. */
export function ViewersPage({ state }: { readonly state: ViewersState }): VNode {
  const { viewers, visitors, samples } = state;
  const present = new Set(viewers.map(({ visitor }) => visitor));
  const others = visitors.filter(({ number }) => !present.has(number));
  return (
    <main class="viewers">
      <h1>Viewers</h1>
      {viewers.length === 0 ? <p class="quiet">Nobody has the session open.</p> : null}
      {viewers.map((viewer) => (
        <section key={viewer.id} class="viewer" aria-label={`Viewer ${shortId(viewer.id)}`}>
          <Connection
            viewer={viewer}
            visitor={visitors.find(({ number }) => number === viewer.visitor)}
          />
          <Charts samples={samples[viewer.id] ?? []} />
        </section>
      ))}
      {others.length === 0 ? null : <h2>Browsers without a tab now</h2>}
      {others.map((visitor) => (
        <p key={visitor.number} class="visitor">
          #{visitor.number} {visitor.browser} {visitor.address ?? ''} <Standing visitor={visitor} />
        </p>
      ))}
    </main>
  );
}

interface ConnectionProps {
  readonly viewer: ViewerInfo;
  readonly visitor: VisitorEntry | undefined;
}

function Connection({ viewer, visitor }: ConnectionProps): VNode {
  const { id, browser, address, path, rttMs, switches, lanes, candidates } = viewer;
  return (
    <>
      <h2>
        {viewer.visitor === undefined ? '' : `#${viewer.visitor} `}
        <code>{shortId(id)}</code> {browser} <span class={`way ${path}`}>{pathName(path)}</span>{' '}
        {visitor === undefined ? null : <Standing visitor={visitor} />}
      </h2>
      <p>
        {address === undefined ? '' : `At ${address}, says the server. `}
        Round trip {formatMs(rttMs)}; path changes: {switches}.
      </p>
      <table class="lanes">
        <thead>
          <tr>
            <th scope="col">Carrier</th>
            <th scope="col">Round trip</th>
            <th scope="col">To the viewer</th>
            <th scope="col">From the viewer</th>
          </tr>
        </thead>
        <tbody>
          {lanes.map((lane) => (
            <tr key={lane.kind}>
              <td>{pathName(lane.kind)}</td>
              <td>{formatMs(lane.rttMs)}</td>
              <td>{formatBytes(lane.out)}</td>
              <td>{formatBytes(lane.in)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <details>
        <summary>{candidates.length} candidates</summary>
        <ul>
          {candidates.map(({ end, type, protocol, address: at }) => (
            <li key={`${end}${type}${protocol}${at}`}>
              {end}: <code>{at}</code> {protocol}, {type}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

function Standing({ visitor: { number, standing } }: { readonly visitor: VisitorEntry }): VNode {
  const [problem, setProblem] = useState('');
  const answer = (verb: 'accept' | 'refuse') => () => {
    tell(`visitors/${number}/${verb}`).then(
      () => setProblem(''),
      () => setProblem('That can’t be done now.'),
    );
  };
  return (
    <span class="standing">
      {standing === 'waiting' ? <strong>wants in</strong> : standing}{' '}
      {standing === 'waiting' || standing === 'refused' ? (
        <button type="button" onClick={answer('accept')}>
          Let in
        </button>
      ) : null}{' '}
      {standing === 'refused' ? null : (
        <button type="button" onClick={answer('refuse')}>
          {standing === 'admitted' ? 'Remove' : 'Refuse'}
        </button>
      )}
      <span role="alert">{problem}</span>
    </span>
  );
}
