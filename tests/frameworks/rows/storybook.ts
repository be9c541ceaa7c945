import type { Framework } from '../framework.js';

const COUNTER = `import { useState } from 'react';

export function Counter() {
  const [count, setCount] = useState(0);
  return (
    <section>
      <p>as it was made</p>
      <button id="counter" onClick={() => setCount(count + 1)}>Count is {count}</button>
    </section>
  );
}
`;

const STORY = `import type { Meta, StoryObj } from '@storybook/react-vite';
import { Counter } from './Counter';

const meta = { component: Counter } satisfies Meta<typeof Counter>;
export default meta;
export const Basic: StoryObj<typeof meta> = {};
`;

export const storybook: Framework = {
  name: 'storybook',
  title: 'Storybook',
  packages: ['storybook', 'vite', 'react'],
  scaffold: [
    'npm create vite@9 storybook -- --template react-ts --no-interactive',
    'cd storybook && npm install',
    // Exact: a registry may have a newer storybook without its create-storybook.
    'cd storybook && npx create-storybook@10.6.2 --yes --no-dev --features docs --package-manager npm --disable-telemetry',
    { 'src/stories/Counter.tsx': COUNTER, 'src/stories/Counter.stories.tsx': STORY },
  ],
  start: ({ app }) => `npx storybook dev --port ${app} --ci`,
  needsTunnel: 'its client asks the port that the dev server listens on',
  path: '/?path=/story/stories-counter--basic',
  shows: 'as it was made',
  counter: '#counter',
  edits: [
    {
      what: 'component',
      file: 'src/stories/Counter.tsx',
      from: 'as it was made',
      to: 'as it was edited',
    },
  ],
  // Its manager gives the first WebSocket one second, its own loading included; each browser words it its own way.
  slowErrors: /UniversalStore/,
  notes: ['on a slow machine or connection its manager logs that a store timed out after 1 s'],
};
