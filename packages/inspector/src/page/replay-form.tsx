import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ExchangeDetail, Field, ReplayRequest } from '../api/index.js';
import { ask, tell } from './api.js';

export interface ReplayProps {
  readonly exchange: ExchangeDetail;
  readonly onSent: (id: number) => void;
}

/** The request as the app got it, to be changed and sent to the app again. */
export function ReplayForm({ exchange, onSent }: ReplayProps): VNode {
  const { id, asked, sent } = exchange;
  const [method, setMethod] = useState(exchange.method);
  const [target, setTarget] = useState(exchange.target);
  const [head, setHead] = useState(() => headText(sent.length > 0 ? sent : asked));
  const [problem, setProblem] = useState('');
  const { body, isText, setBody } = useEditableBody(exchange);
  const send = async (): Promise<void> => {
    const edited: ReplayRequest = { of: id, method, target, headers: fieldsOf(head) };
    try {
      const response = await tell('replay', body === undefined ? edited : { ...edited, body });
      onSent(((await response.json()) as { id: number }).id);
    } catch (error) {
      setProblem(String(error));
    }
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    void send();
  };
  return (
    <form class="replay" onSubmit={onSubmit}>
      <div class="line">
        <label>
          Method
          <input
            class="method"
            value={method}
            onInput={(event) => setMethod(event.currentTarget.value)}
          />
        </label>
        <label class="wide">
          Path
          <input value={target} onInput={(event) => setTarget(event.currentTarget.value)} />
        </label>
        <button type="submit">Send to the app</button>
      </div>
      <label>
        Fields, one a line; what is masked keeps its value
        <textarea rows={10} value={head} onInput={(event) => setHead(event.currentTarget.value)} />
      </label>
      {isText ? (
        <label>
          Body
          <textarea
            rows={8}
            value={body ?? ''}
            onInput={(event) => setBody(event.currentTarget.value)}
          />
        </label>
      ) : (
        <p class="quiet">The body is no text, and is sent as it was recorded.</p>
      )}
      <p role="alert">{problem}</p>
    </form>
  );
}

/** The recorded body, if it is text and all of it was kept; undefined stands for the recorded one. */
function useEditableBody({ id, requestBody }: ExchangeDetail) {
  const [body, setBody] = useState<string | undefined>(undefined);
  const isWhole = requestBody.kept === requestBody.bytes;
  const [isText, setIsText] = useState(isWhole);
  useEffect(() => {
    if (!isWhole || requestBody.bytes === 0) return;
    void ask(`exchanges/${id}/body/request`)
      .then((response) => response.arrayBuffer())
      .then((bytes) => setBody(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
      .catch(() => setIsText(false));
  }, [id]);
  return { body, isText, setBody };
}

function headText(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}`).join('\n');
}

/** Lines without a colon are left out. */
export function fieldsOf(text: string): Field[] {
  return text.split('\n').flatMap((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) return [];
    return [{ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }];
  });
}
