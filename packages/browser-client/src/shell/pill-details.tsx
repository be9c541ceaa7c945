import { formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import type { CandidatePair, LinkStatus, Preference } from '../shared/status.js';
import { PILL_EXPLANATIONS, PILL_LABELS, formatRtt, type PillKind } from './pill-format.js';

const PREFERENCES: readonly [Preference, string][] = [
  ['auto', 'Automatic'],
  ['p2p', 'Direct'],
  ['relay', 'Relay'],
];

export interface DetailsProps {
  kind: PillKind;
  status: LinkStatus;
  pair: CandidatePair | null;
  onPrefer: (preference: Preference) => void;
  onCopyLink: () => void;
  onHide: () => void;
}

/** What the pill opens to. */
export function PillDetails(props: DetailsProps): VNode {
  const { kind, onCopyLink, onHide } = props;
  return (
    <section class="details" role="dialog" aria-label="Connection details">
      <h2>{PILL_LABELS[kind]}</h2>
      <p class="what">{PILL_EXPLANATIONS[kind]}</p>
      {kind === 'ingress' ? null : <Numbers {...props} />}
      <p class="foot">
        <button type="button" onClick={onCopyLink}>
          Copy link to this page
        </button>
        <button type="button" onClick={onHide}>
          Keep as a dot
        </button>
      </p>
    </section>
  );
}

function Numbers({ status, pair, onPrefer }: DetailsProps): VNode {
  const { bytes, rtt } = status;
  return (
    <>
      <dl>
        <dt>Round trip, direct</dt>
        <dd>{formatRtt(rtt.p2p)}</dd>
        <dt>Round trip, relay</dt>
        <dd>{formatRtt(rtt.relay)}</dd>
        <dt>Direct, in / out</dt>
        <dd>
          {formatBytes(bytes.p2p.in)} / {formatBytes(bytes.p2p.out)}
        </dd>
        <dt>Relay, in / out</dt>
        <dd>
          {formatBytes(bytes.relay.in)} / {formatBytes(bytes.relay.out)}
        </dd>
        <dt>This end</dt>
        <dd>{pair?.local ?? '–'}</dd>
        <dt>Other end</dt>
        <dd>{pair?.remote ?? '–'}</dd>
        <dt>Path changes</dt>
        <dd>{status.switches}</dd>
        <dt>Link</dt>
        <dd>
          <code title={status.link.id}>{status.link.id.slice(0, 8)}</code> {status.link.state}
        </dd>
      </dl>
      <div class="choices" role="group" aria-label="Preferred path">
        {PREFERENCES.map(([preference, label]) => (
          <button
            key={preference}
            type="button"
            aria-pressed={status.preference === preference}
            onClick={() => onPrefer(preference)}
          >
            {label}
          </button>
        ))}
      </div>
    </>
  );
}
