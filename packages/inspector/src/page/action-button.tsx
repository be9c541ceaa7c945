import type { VNode } from 'preact';
import { useState } from 'preact/hooks';

interface ActionButtonProps {
  readonly label: string;
  readonly action: () => Promise<unknown>;
}

/** A button that asks something of the host. What the host refuses is said beside the button, until it is pressed again. */
export function ActionButton({ label, action }: ActionButtonProps): VNode {
  const [problem, setProblem] = useState('');
  const [isUnderWay, setUnderWay] = useState(false);
  const act = async (): Promise<void> => {
    setProblem('');
    setUnderWay(true);
    try {
      await action();
    } catch (error) {
      // Only `ask` rejects, and always with an Error.
      setProblem(`${label}: ${(error as Error).message}`);
    } finally {
      setUnderWay(false);
    }
  };
  return (
    <>
      <button type="button" disabled={isUnderWay} onClick={() => void act()}>
        {label}
      </button>
      {problem === '' ? null : <span role="alert">{problem}</span>}
    </>
  );
}
