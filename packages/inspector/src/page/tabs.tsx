import type { VNode } from 'preact';
import { useId, useState } from 'preact/hooks';

export interface Tab {
  readonly name: string;
  readonly view: () => VNode;
}

/** Tabs as the ARIA Authoring Practices have them: the arrow keys move between them. */
export function Tabs({ tabs }: { readonly tabs: readonly Tab[] }): VNode {
  const id = useId();
  const [chosen, setChosen] = useState('');
  const index = Math.max(
    tabs.findIndex(({ name }) => name === chosen),
    0,
  );
  const current = tabs[index];
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = (index + step + tabs.length) % tabs.length;
    setChosen(tabs[next]?.name ?? '');
    event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Parts" onKeyDown={onKeyDown}>
        {tabs.map(({ name }, place) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={place === index}
            aria-controls={`${id}-panel`}
            tabIndex={place === index ? 0 : -1}
            onClick={() => setChosen(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div
        class="panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${current?.name ?? ''}`}
        tabIndex={0}
      >
        {current?.view()}
      </div>
    </>
  );
}
