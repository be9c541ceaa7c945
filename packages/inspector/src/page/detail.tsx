import { formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ExchangeDetail, ExchangeSummary, Field, Outcome } from '../api/index.js';
import { ActionButton } from './action-button.js';
import { ask, askFor, save } from './api.js';
import { BodyView } from './body-view.js';
import { formatMs, pathName, wholeViewerName } from './format.js';
import { MessagesView } from './messages-view.js';
import { ReplayForm } from './replay-form.js';
import { Tabs } from './tabs.js';
import { Waterfall } from './waterfall.js';

export interface DetailProps {
  readonly summary: ExchangeSummary;
  /** The exchange that the next one is compared with. */
  readonly compared: number | undefined;
  readonly onCompare: (id: number) => void;
  readonly onSelect: (id: number) => void;
  readonly onClose: () => void;
}

/** Everything about one exchange. */
export function Detail(props: DetailProps): VNode {
  const { summary, onClose } = props;
  const [areSecretsShown, setSecretsShown] = useState(false);
  const { detail, problem } = useDetail(summary, areSecretsShown);
  useEffect(() => setSecretsShown(false), [summary.id]);
  return (
    <section class="detail" aria-label={`Request ${summary.id}`}>
      <h2>
        <span class="target">
          {summary.method} {summary.target}
        </span>
        <button type="button" aria-label="Close" title="Close (Escape)" onClick={onClose}>
          ✕
        </button>
      </h2>
      {problem === '' ? null : <p role="alert">{problem}</p>}
      {detail === undefined ? null : (
        <>
          <Actions {...props} {...{ detail, areSecretsShown, setSecretsShown }} />
          <Tabs key={detail.id} tabs={tabsOf(detail, props.onSelect)} />
        </>
      )}
    </section>
  );
}

/** Asks again when the list says that something has changed. */
function useDetail(summary: ExchangeSummary, areSecretsShown: boolean) {
  const [detail, setDetail] = useState<ExchangeDetail | undefined>(undefined);
  const [problem, setProblem] = useState('');
  const { id } = summary;
  useEffect(() => {
    let isLeft = false;
    askFor<ExchangeDetail>(`exchanges/${id}${areSecretsShown ? '?secrets=1' : ''}`).then(
      (news) => {
        if (isLeft) return;
        setDetail(news);
        setProblem('');
      },
      (error: unknown) => {
        if (!isLeft) setProblem(error instanceof Error ? error.message : String(error));
      },
    );
    return () => void (isLeft = true);
  }, [summary, areSecretsShown]);
  return { detail: detail?.id === id ? detail : undefined, problem };
}

interface ActionsProps extends DetailProps {
  readonly detail: ExchangeDetail;
  readonly areSecretsShown: boolean;
  readonly setSecretsShown: (areShown: boolean) => void;
}

function Actions(props: ActionsProps): VNode {
  const { detail, compared, onCompare, areSecretsShown, setSecretsShown } = props;
  const { id } = detail;
  const [said, setSaid] = useState('');
  const secrets = areSecretsShown ? 'secrets=1' : '';
  const copy = async (): Promise<void> => {
    const command = await (await ask(`exchanges/${id}/curl?${secrets}`)).text();
    await navigator.clipboard.writeText(command);
    setSaid('Copied');
  };
  return (
    <p class="actions">
      <button type="button" onClick={() => void copy().catch(() => setSaid('Can’t be copied'))}>
        Copy as curl
      </button>
      <ActionButton
        label="Save as HAR"
        action={() => save(`har?ids=${id}&${secrets}`, `wingman-${id}.har`)}
      />
      <button type="button" onClick={() => onCompare(id)}>
        {compared === undefined || compared === id
          ? 'Compare with another'
          : `Compare with ${compared}`}
      </button>
      {detail.hasSecrets ? (
        <button
          type="button"
          aria-pressed={areSecretsShown}
          onClick={() => setSecretsShown(!areSecretsShown)}
        >
          Show secrets
        </button>
      ) : null}
      <span role="status">{compared === id ? 'Now choose the other one' : said}</span>
    </p>
  );
}

function tabsOf(detail: ExchangeDetail, onSelect: (id: number) => void) {
  const hasMessages = detail.kind === 'websocket' || detail.type === 'text/event-stream';
  const messages = { name: 'Messages', view: () => <MessagesView exchange={detail} /> };
  const replay = { name: 'Replay', view: () => <ReplayForm exchange={detail} onSent={onSelect} /> };
  return [
    { name: 'Overview', view: () => <Overview exchange={detail} /> },
    ...(hasMessages ? [messages] : []),
    { name: 'Request', view: () => <RequestTab exchange={detail} /> },
    { name: 'Answer', view: () => <AnswerTab exchange={detail} /> },
    ...(detail.kind === 'http' ? [replay] : []),
  ];
}

interface TabProps {
  readonly exchange: ExchangeDetail;
}

/** What an outcome is called, where its name doesn't say enough. */
const ENDS: Partial<Record<Outcome, string>> = {
  running: 'still open',
  unused: 'asked ahead of the page, which did not need the answer,',
};

function Overview({ exchange }: TabProps): VNode {
  const { status, statusText, outcome, code, by, paths, port, durationMs } = exchange;
  const end = ENDS[outcome] ?? outcome;
  return (
    <>
      <dl>
        <dt>Status</dt>
        <dd>
          {status ?? '–'} {statusText}
        </dd>
        <dt>Ended</dt>
        <dd>
          {end} {code ?? ''} {by === undefined ? '' : `by the ${by}`} after {formatMs(durationMs)}
        </dd>
        <dt>Way</dt>
        <dd>{paths.map(pathName).join(' → ')}</dd>
        <dt>Viewer</dt>
        <dd>{wholeViewerName(exchange)}</dd>
        <dt>App</dt>
        <dd>localhost:{port}</dd>
        <dt>Up / down</dt>
        <dd>
          {formatBytes(exchange.upload)} / {formatBytes(exchange.download)}
        </dd>
      </dl>
      <Waterfall exchange={exchange} />
    </>
  );
}

function RequestTab({ exchange }: TabProps): VNode {
  return (
    <>
      <BodyView exchange={exchange} side="request" />
      <FieldsTable caption="As the app got it" fields={exchange.sent} />
      <FieldsTable caption="As it was sent" fields={exchange.asked} />
    </>
  );
}

function AnswerTab({ exchange }: TabProps): VNode {
  return (
    <>
      <BodyView exchange={exchange} side="response" />
      <FieldsTable caption="Fields" fields={exchange.answer} />
    </>
  );
}

interface FieldsProps {
  readonly caption: string;
  readonly fields: readonly Field[];
}

/** The fields of a head, in their order. */
function FieldsTable({ caption, fields }: FieldsProps): VNode {
  if (fields.length === 0) return <p class="quiet">{caption}: none.</p>;
  return (
    <table class="fields">
      <caption>{caption}</caption>
      <tbody>
        {fields.map(({ name, value, isSecret = false }, index) => (
          <tr key={index} class={isSecret ? 'secret' : ''}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
