import type { TogetherPart } from '@wingman/protocol';
import type { VNode } from 'preact';
import type { Here, Together } from './together.js';

/** Statuses of the host. */
const TURNED_OFF = 404;
const LED = 409;

/** What stands in the pill's details: who is here, and what one can do with them. */
export function Controls({ together }: { together: Together }): VNode | null {
  const { here, part, refusal } = together;
  if (refusal === TURNED_OFF) return null;
  const isActive = part === 'lead' || part === 'follow';
  const offered: readonly [TogetherPart, string][] = [
    ['lead', 'Lead the way'],
    ['follow', here?.isLed === true ? 'Follow who leads' : 'Follow whoever leads'],
  ];
  return (
    <section aria-label="Together">
      <p class="what" role="status">
        {here === undefined ? 'Looking who is here…' : othersHere(here.viewers)}
        {refusal === LED ? ' Somebody else leads already.' : ''}
      </p>
      <p class="what">
        Who follows sees the page of the one who leads, how far it is scrolled, and the pointer.
      </p>
      <p class="foot">
        {isActive ? (
          <button type="button" onClick={() => together.stop()}>
            {part === 'lead' ? 'Stop leading' : 'Stop following'}
          </button>
        ) : (
          offered
            .filter(([name]) => name === 'follow' || here?.isLed !== true)
            .map(([name, label]) => (
              <button key={name} type="button" onClick={() => together.take(name)}>
                {label}
              </button>
            ))
        )}
      </p>
    </section>
  );
}

function othersHere(viewers: number): string {
  const others = viewers - 1;
  if (others < 1) return 'Nobody else is here.';
  return `You and ${others === 1 ? 'one other' : `${others} others`} are here.`;
}

/** What stands over the app while this tab leads or follows, with the pointer of the one who leads. */
export function Overlay({ together }: { together: Together }): VNode | null {
  const { here, part, pointer } = together;
  if (part !== 'lead' && part !== 'follow') return null;
  return (
    <>
      {pointer === undefined ? null : (
        <span
          class="pointer"
          aria-hidden="true"
          style={{ transform: `translate(${pointer.x}px, ${pointer.y}px)` }}
        />
      )}
      <section class="bar" aria-label={part === 'lead' ? 'Leading' : 'Following'}>
        <p role="status">{part === 'lead' ? leadingText(here) : followingText(here)}</p>
        <button type="button" onClick={() => together.stop()}>
          Stop
        </button>
      </section>
    </>
  );
}

function leadingText(here: Here | undefined): string {
  const followers = here?.followers ?? 0;
  if (followers === 0) return 'You lead. Nobody follows yet.';
  return `You lead. ${followers === 1 ? 'One follows' : `${followers} follow`}.`;
}

function followingText(here: Here | undefined): string {
  return here?.isLed === true ? 'You follow.' : 'You follow. Nobody leads yet.';
}
