import type { VNode } from 'preact';
import type { ExchangeDetail, PhaseName } from '../api/index.js';
import { formatMs } from './format.js';

const MEANINGS: Readonly<Record<PhaseName, string>> = {
  path: 'On the way (half of the link’s round trip, as measured when it began)',
  host: 'At the host: waiting for a place at the app',
  app: 'At the app: until its answer, and its pieces',
  viewer: 'The viewer taking the answer, at the path’s rate',
  open: 'Open',
};

/** Where the time of one exchange went. */
export function Waterfall({ exchange }: { readonly exchange: ExchangeDetail }): VNode {
  const { phases } = exchange;
  const total = phases.reduce((end, { from, ms }) => Math.max(end, from + ms), 0);
  if (total === 0) return <p class="quiet">It has just begun.</p>;
  return (
    <table class="waterfall">
      <caption>Where the time went</caption>
      <tbody>
        {phases.map(({ name, from, ms }) => (
          <tr key={`${name}-${from}`}>
            <th scope="row" title={MEANINGS[name]}>
              {name}
            </th>
            <td class="bars" title={MEANINGS[name]}>
              <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
                <rect
                  class={name}
                  x={(from / total) * 1_000}
                  width={Math.max((ms / total) * 1_000, 3)}
                  y="0"
                  height="10"
                />
              </svg>
            </td>
            <td class="number">{formatMs(ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
