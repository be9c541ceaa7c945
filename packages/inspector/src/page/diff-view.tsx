import { diffLines } from 'diff';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ExchangeDetail } from '../api/index.js';
import { ask, askFor } from './api.js';
import { parsedJson, shownText } from './body-kind.js';

/** The work grows with the square of the edits. With 5,000 of them the page stood still for seconds. */
const MAX_EDITS = 2_000;

export interface DiffProps {
  readonly from: number;
  readonly to: number;
  readonly onClose: () => void;
}

/** What differs between two answers, fields and bodies. */
export function DiffView({ from, to, onClose }: DiffProps): VNode {
  const [texts, setTexts] = useState<readonly [string, string] | string>('Loading…');
  useEffect(() => {
    setTexts('Loading…');
    Promise.all([answerText(from), answerText(to)]).then(setTexts, (error: unknown) =>
      setTexts(String(error)),
    );
  }, [from, to]);
  return (
    <section class="diff" aria-label={`Answer ${from} and answer ${to}`}>
      <h2>
        Answer {from} → {to}{' '}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </h2>
      {typeof texts === 'string' ? <p class="quiet">{texts}</p> : <Changes texts={texts} />}
    </section>
  );
}

function Changes({ texts }: { readonly texts: readonly [string, string] }): VNode {
  const [before, after] = texts;
  if (before === after) return <p role="status">They are the same.</p>;
  const changes = diffLines(before, after, { maxEditLength: MAX_EDITS });
  if (changes === undefined) return <p role="status">They have next to nothing in common.</p>;
  return (
    <pre class="body" tabIndex={0} aria-label="Changes">
      {changes.map(({ value, added, removed }, index) => (
        <span key={index} class={added ? 'added' : removed ? 'removed' : ''}>
          {marked(value, added ? '+ ' : removed ? '- ' : '  ')}
        </span>
      ))}
    </pre>
  );
}

/** A sign before each line, for those who don't see the colour. */
function marked(text: string, mark: string): string {
  return text.replace(/^(?=[^\n])/gm, mark);
}

async function answerText(id: number): Promise<string> {
  const detail = await askFor<ExchangeDetail>(`exchanges/${id}`);
  const body = await (await ask(`exchanges/${id}/body/response`)).text();
  const json = parsedJson(body);
  const lines = detail.answer.map(({ name, value }) => `${name}: ${value}`);
  const shown = json === undefined ? shownText(body).shown : JSON.stringify(json, undefined, 2);
  return [`${detail.status ?? ''} ${detail.statusText}`, ...lines, '', shown, ''].join('\n');
}
