import { formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ExchangeDetail, KeptBody } from '../api/index.js';
import { ask } from './api.js';
import { bodyKind, formFields, parsedJson, shownText, type BodyKind } from './body-kind.js';
import { JsonTree } from './json-tree.js';

export interface BodyProps {
  readonly exchange: ExchangeDetail;
  readonly side: 'request' | 'response';
}

/** A body in the form that suits its type. */
export function BodyView({ exchange, side }: BodyProps): VNode {
  const info = side === 'request' ? exchange.requestBody : exchange.responseBody;
  const blob = useBody(exchange, side, info);
  const [isRaw, setRaw] = useState(false);
  const type = contentType(exchange, side);
  const kind = isRaw ? 'text' : bodyKind(type);
  if (info.bytes === 0) return <p class="quiet">No body.</p>;
  if (info.kept === 0) return <p class="quiet">{formatBytes(info.bytes)}, no longer kept.</p>;
  return (
    <>
      <p class="quiet">
        {type === '' ? 'No type' : type}, {extent(info)}{' '}
        <button type="button" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
          As text
        </button>
      </p>
      {blob === undefined ? <p class="quiet">Loading…</p> : <Shown {...{ blob, kind, type }} />}
    </>
  );
}

function extent({ bytes, kept, isComplete }: KeptBody): string {
  if (kept < bytes) return `the first ${formatBytes(kept)} of ${formatBytes(bytes)} are kept`;
  return isComplete ? formatBytes(bytes) : `${formatBytes(bytes)} so far`;
}

/** The kept bytes; asked for anew when there are more. */
function useBody({ id }: ExchangeDetail, side: string, { kept }: KeptBody): Blob | undefined {
  const [blob, setBlob] = useState<Blob | undefined>(undefined);
  useEffect(() => {
    if (kept === 0) return;
    const leaving = new AbortController();
    ask(`exchanges/${id}/body/${side}`, { signal: leaving.signal })
      .then((response) => response.blob())
      .then(setBlob, () => undefined);
    return () => leaving.abort();
  }, [id, side, kept]);
  return blob;
}

function contentType({ asked, answer }: ExchangeDetail, side: BodyProps['side']): string {
  const fields = side === 'request' ? asked : answer;
  return fields.find(({ name }) => name === 'content-type')?.value ?? '';
}

interface ShownProps {
  readonly blob: Blob;
  readonly kind: BodyKind;
  readonly type: string;
}

function Shown({ blob, kind, type }: ShownProps): VNode {
  const text = useText(blob);
  if (kind === 'image') return <Image blob={blob} type={type} />;
  if (text === undefined) return <p class="quiet">Loading…</p>;
  if (kind === 'html') return <Preview html={text} />;
  if (kind === 'form') return <Form text={text} type={type} />;
  const json = kind === 'json' ? parsedJson(text) : undefined;
  return json === undefined ? <Text text={text} /> : <JsonTree data={json} />;
}

function useText(blob: Blob): string | undefined {
  const [text, setText] = useState<string | undefined>(undefined);
  useEffect(() => {
    let isLeft = false;
    void blob.text().then((text) => {
      if (!isLeft) setText(text);
    });
    return () => void (isLeft = true);
  }, [blob]);
  return text;
}

function Image({ blob, type }: Omit<ShownProps, 'kind'>): VNode {
  const url = useMemo(() => URL.createObjectURL(blob.slice(0, blob.size, type)), [blob, type]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img class="preview" src={url} alt="The body as an image" />;
}

/** In a sandbox without scripts or an origin. It inherits the page's policy, so it can't ask anybody for anything. */
function Preview({ html }: { readonly html: string }): VNode {
  return (
    <iframe
      class="preview"
      sandbox=""
      srcdoc={html}
      title="The page without scripts, and without what it loads"
    />
  );
}

function Form({ text, type }: { readonly text: string; readonly type: string }): VNode {
  return (
    <table class="fields">
      <tbody>
        {formFields(text, type).map(([name, value], index) => (
          <tr key={index}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Text({ text }: { readonly text: string }): VNode {
  const { shown, isCut } = shownText(text);
  return (
    <>
      {isCut ? <p class="quiet">The first {formatBytes(shown.length)} are shown.</p> : null}
      <pre class="body" tabIndex={0} aria-label="The body as text">
        {shown}
      </pre>
    </>
  );
}
