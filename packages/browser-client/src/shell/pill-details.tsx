import { DIAGNOSTICS_TARGET, formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair, LinkStatus, Preference } from '../shared/status.js';

/**
 * What the pill can say. turn: by a TURN server, which sees only what is encrypted. offline: what is under way waits. lost: it has ended, for the connection was
 * away for too long. ingress: the way through the server, which can read it.
 */
export type PillKind = 'direct' | 'turn' | 'relayed' | 'offline' | 'lost' | 'ingress';

export const PILL_LABELS: Readonly<Record<PillKind, string>> = {
  direct: 'Direct',
  turn: 'By TURN',
  relayed: 'Relayed',
  offline: 'Offline',
  lost: 'Connection lost',
  ingress: 'Through the server, readable by it',
};

const PILL_EXPLANATIONS: Readonly<Record<PillKind, string>> = {
  direct: 'Straight to the developer’s machine, encrypted end to end.',
  turn: 'By way of a TURN server, encrypted end to end: it passes packets on and can’t read them.',
  relayed: 'By way of the server, encrypted end to end: the server can’t read it.',
  offline:
    'No connection to the developer’s machine right now. What is under way waits for it, a minute as a rule.',
  lost: 'The connection was away for too long, or wingman was restarted. What was under way has ended with an error. Trying again…',
  ingress: 'By way of the server, which can read what passes.',
};

export function pillKind(status: LinkStatus, isIngress: boolean): PillKind {
  if (isIngress) return 'ingress';
  if (status.mode === 'p2p') return 'direct';
  if (status.mode === 'turn') return 'turn';
  if (status.mode === 'relay') return 'relayed';
  return status.hasLost ? 'lost' : 'offline';
}

/** A round trip in words for people. */
export function formatRtt(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

const PREFERENCES: readonly [Preference, string][] = [
  ['auto', 'Automatic'],
  ['p2p', 'Direct'],
  ['relay', 'Relay'],
];

/** What the server says of the session. */
export interface SessionNews {
  /** Who shares, as the developer has set it; empty for nothing. */
  sharedBy: string;
  /** When the session ends, on this machine's clock in milliseconds since 1970; 0 while nobody has said it. */
  endsAt: number;
}

export interface DetailsProps {
  session: SessionNews;
  kind: PillKind;
  status: LinkStatus;
  pair: CandidatePair | null;
  /** Why there is no direct path, in words; undefined while nobody knows. */
  whyNot: string | undefined;
  onPrefer: (preference: Preference) => void;
  /** Resolves with whether the clipboard has it. Undefined when this tab doesn't know the link. */
  onCopyLink: (() => Promise<boolean>) | undefined;
  onLeave: () => void;
  onHide: () => void;
  /** Fills an element with what viewers can do together; returns what empties it again. */
  showTogether: (slot: Element) => () => void;
}

/** What is left of a session in words for people. */
export function formatLeft(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 1) return 'less than a minute';
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  return hours === 0 ? `${minutes} min` : `${hours} h ${minutes % 60} min`;
}

/** What the pill opens to. */
export function PillDetails(props: DetailsProps): VNode {
  const { kind, onCopyLink, onHide, onLeave, session, whyNot } = props;
  const dialog = useRef<HTMLElement>(null);
  useEffect(() => dialog.current?.focus(), []);
  return (
    <section
      class="details"
      role="dialog"
      aria-label="Connection details"
      tabIndex={-1}
      ref={dialog}
    >
      <h2>{PILL_LABELS[kind]}</h2>
      <p class="what">{PILL_EXPLANATIONS[kind]}</p>
      {kind === 'direct' || whyNot === undefined ? null : (
        <p class="what">No direct path: {whyNot}</p>
      )}
      {session.sharedBy === '' ? null : <p class="what">Shared by {session.sharedBy}.</p>}
      {session.endsAt === 0 ? null : (
        <p class="what">Time left: {formatLeft(session.endsAt - Date.now())}.</p>
      )}
      {kind === 'ingress' ? null : <Numbers {...props} />}
      {kind === 'ingress' ? null : <Together show={props.showTogether} />}
      {onCopyLink === undefined ? (
        <p class="what">To send somebody here, send the link that you were given.</p>
      ) : null}
      <p class="foot">
        {onCopyLink === undefined ? null : <CopyButton onCopy={onCopyLink} />}
        <button type="button" onClick={onHide}>
          Keep as a dot
        </button>
        <a href={DIAGNOSTICS_TARGET} target="_blank">
          Diagnostics
        </a>
        <button type="button" onClick={onLeave}>
          Leave
        </button>
      </p>
    </section>
  );
}

function Together({ show }: { show: DetailsProps['showTogether'] }): VNode {
  const slot = useRef<HTMLDivElement>(null);
  useEffect(() => (slot.current === null ? undefined : show(slot.current)), []);
  return <div ref={slot} />;
}

/** Copies, and says for a moment that it has. */
function CopyButton({ onCopy }: { onCopy: () => Promise<boolean> }): VNode {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), BROWSER_LIMITS.copiedMs);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button type="button" onClick={() => void onCopy().then(setCopied)}>
      <span role="status">{isCopied ? 'Copied' : ''}</span>
      {isCopied ? '' : 'Copy link to this page'}
    </button>
  );
}

function Numbers({ status, pair, onPrefer }: DetailsProps): VNode {
  const { bytes, rtt } = status;
  return (
    <>
      <dl>
        <dt>Round trip, direct</dt>
        <dd>{formatRtt(rtt.p2p)}</dd>
        {bytes.turn.in + bytes.turn.out === 0 && rtt.turn === null ? null : (
          <>
            <dt>Round trip, TURN</dt>
            <dd>{formatRtt(rtt.turn)}</dd>
            <dt>TURN, in / out</dt>
            <dd>
              {formatBytes(bytes.turn.in)} / {formatBytes(bytes.turn.out)}
            </dd>
          </>
        )}
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
        {PREFERENCES.filter(([path]) => path !== 'relay' || !status.sparesRelay).map(
          ([preference, label]) => (
            <button
              key={preference}
              type="button"
              aria-pressed={status.preference === preference}
              onClick={() => onPrefer(preference)}
            >
              {label}
            </button>
          ),
        )}
      </div>
    </>
  );
}
