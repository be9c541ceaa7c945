import { formatBytes, NAT_WORDS } from '@wingman/protocol';
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Charts } from './charts.js';
import type { Diagnosis } from './diagnosis.js';
import { formatLoss, formatMs, formatRate, formatTime } from './format.js';
import { carried, pathName, type Way } from './history.js';
import { reportOf, stressWords, type ReportPlace } from './report.js';

interface AppProps {
  readonly diagnosis: Diagnosis;
  readonly place: () => ReportPlace;
  /** Resolves with whether the clipboard has it. */
  readonly copy: (text: string) => Promise<boolean>;
}

/** Everything about the connection of this tab. */
export function App(props: AppProps): VNode {
  const { diagnosis } = props;
  const { history, status } = diagnosis;
  return (
    <main>
      <h1>Connection diagnostics</h1>
      <p>
        This tab has a connection of its own to the developer’s machine, on the same networks as the
        app’s. The path in use is <strong>{pathName(status.mode)}</strong>.
      </p>
      <Paths diagnosis={diagnosis} />
      <Trials diagnosis={diagnosis} />
      <h2>Over time</h2>
      <Charts samples={history.samples} />
      <Network diagnosis={diagnosis} />
      <h2>Log</h2>
      <Scrolled label="Log">
        <ol>
          {history.log.map(({ at, text }, index) => (
            <li key={index}>
              <time>{formatTime(at)}</time> {text}
            </li>
          ))}
        </ol>
      </Scrolled>
      <Report {...props} />
    </main>
  );
}

/** What is wider or longer than the page is scrolled with the keyboard, too. */
function Scrolled({ label, children }: { label: string; children: ComponentChildren }): VNode {
  return (
    <div class="scrolled" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

interface Row {
  readonly name: string;
  readonly value: (way: Way, diagnosis: Diagnosis) => string;
}

const ROWS: readonly Row[] = [
  { name: 'State', value: (way, { status }) => stateOf(way, status) },
  {
    name: 'Round trip',
    value: (way, { status: { rtt } }) =>
      formatMs(way === 'relay' ? rtt.relay : (rtt.p2p ?? rtt.turn)),
  },
  {
    name: 'Loss',
    value: (way, { sights }) =>
      way === 'relay' ? 'TCP repeats what is lost' : formatLoss(sights.checks),
  },
  { name: 'Down', value: (way, diagnosis) => formatRate(diagnosis.speedOf(way)?.down) },
  { name: 'Up', value: (way, diagnosis) => formatRate(diagnosis.speedOf(way)?.up) },
  {
    name: 'Carried, in / out',
    value: (way, { status }) => {
      const bytes = carried(status, way);
      return `${formatBytes(bytes.in)} / ${formatBytes(bytes.out)}`;
    },
  },
];

function stateOf(way: Way, status: Diagnosis['status']): string {
  const { directConnected, mode, relayConnected } = status;
  if (mode !== 'offline' && (mode === 'relay') === (way === 'relay'))
    return mode === 'turn' ? 'in use, by TURN' : 'in use';
  return (way === 'relay' ? relayConnected : directConnected) ? 'ready' : 'away';
}

function Paths({ diagnosis }: { diagnosis: Diagnosis }): VNode {
  const { whyNot } = diagnosis.sights;
  return (
    <>
      <Scrolled label="Both paths">
        <table class="paths">
          <thead>
            <tr>
              <td />
              <th scope="col">Direct</th>
              <th scope="col">Relay</th>
            </tr>
          </thead>
          <tbody>
            {ROWS.map(({ name, value }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value('direct', diagnosis)}</td>
                <td>{value('relay', diagnosis)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
      {whyNot === undefined ? null : <p class="why">No direct path: {whyNot}</p>}
    </>
  );
}

function Trials({ diagnosis }: { diagnosis: Diagnosis }): VNode {
  const { busy, stress } = diagnosis;
  return (
    <>
      <div class="trials">
        <button
          type="button"
          disabled={busy !== undefined}
          onClick={() => void diagnosis.measure()}
        >
          Measure both paths
        </button>
        <button
          type="button"
          disabled={busy !== undefined}
          onClick={() => void diagnosis.stressTest()}
        >
          Stress the path in use
        </button>
      </div>
      <p role="status">{busy ?? diagnosis.history.log.at(-1)?.text ?? ''}</p>
      {stress === undefined ? null : <p class="stress">Stress: {stressWords(stress)}.</p>}
      <p class="soft">
        Measuring takes 2 seconds or 8 MiB for each path and direction, stress 10 seconds or 32 MiB
        at most. All viewers together have 20 seconds and 64 MiB a minute; the rest is the app’s.
      </p>
    </>
  );
}

function Network({ diagnosis: { sights } }: { diagnosis: Diagnosis }): VNode {
  return (
    <>
      <h2>NAT</h2>
      <dl>
        <dt>This end</dt>
        <dd>{NAT_WORDS[sights.nat.viewer]}</dd>
        <dt>Developer’s end</dt>
        <dd>{NAT_WORDS[sights.nat.host]}</dd>
      </dl>
      <h2>Candidates</h2>
      <Scrolled label="Candidates">
        <ul>
          {sights.candidates.map(({ address, end, port, protocol, type }, index) => (
            <li key={index}>
              {end === 'viewer' ? 'this end' : 'developer'}: {type} {protocol} {address}:{port}
            </li>
          ))}
        </ul>
        {sights.candidates.length === 0 ? <p>None: no direct path was tried yet.</p> : null}
      </Scrolled>
    </>
  );
}

function Report({ copy, diagnosis, place }: AppProps): VNode {
  const [news, setNews] = useState('');
  const text = reportOf(diagnosis, place());
  const told = (isCopied: boolean): void =>
    setNews(isCopied ? 'Copied.' : 'The browser did not allow it: copy the text below.');
  return (
    <>
      <h2>Report</h2>
      <p class="soft">
        For whoever helps: with network addresses of both ends; without the key, cookies and the
        session’s whole name.
      </p>
      <div class="trials">
        <button type="button" onClick={() => void copy(text).then(told)}>
          Copy report
        </button>
        <span role="status">{news}</span>
      </div>
      <Scrolled label="Report">
        <pre>{text}</pre>
      </Scrolled>
    </>
  );
}
