import { shellProblem, type ProblemCode } from '@wingman/protocol';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { BROWSER_LIMITS } from '../shared/limits.js';

export interface OfflineBarProps {
  /** Whether what was under way has ended, and no longer waits. */
  isLost: boolean;
  /** Why, as far as somebody has said it. */
  problem: ProblemCode | null;
  /** Requests that wait for the connection. */
  unanswered: number;
  onRetry: () => void;
}

/** Says over the app that the connection is away, since when, why, and what waits for it. */
export function OfflineBar({
  isLost,
  problem,
  unanswered,
  onRetry,
}: OfflineBarProps): VNode | null {
  const [since] = useState(() => new Date());
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    // A change of the path is over sooner, and no news.
    const timer = setTimeout(() => setShown(true), BROWSER_LIMITS.offlineBarMs);
    return () => clearTimeout(timer);
  }, []);
  if (!isShown) return null;
  const time = since.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return (
    <div class="bar" role="status">
      <span class="dot" />
      <p>
        <b>Offline since {time}.</b> {problem === null ? null : `${titleOf(problem)}. `}
        {isLost
          ? 'What was under way has ended with an error. '
          : unanswered === 0
            ? 'What you do here waits for the connection. '
            : `${unanswered === 1 ? 'One request waits' : `${unanswered} requests wait`} for the connection. `}
        Trying again by itself…
      </p>
      <button type="button" onClick={onRetry}>
        Try now
      </button>
      <button type="button" onClick={() => setShown(false)}>
        Hide
      </button>
    </div>
  );
}

/** The host of a session that was open here a moment ago has been away for longer than the server waits for it. */
function titleOf(problem: ProblemCode): string {
  return shellProblem(problem === 'SESSION_UNKNOWN' ? 'HOST_OFFLINE' : problem).title;
}
