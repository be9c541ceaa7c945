import type { Framework, Ports } from '../framework.js';
import type { Visit } from '../visit.js';

const PAGE = `import { Counter } from './counter';
import { Save } from './save';

export default function Home() {
  return (
    <main>
      <h1>Rendered on the server</h1>
      <Counter />
      <Save />
    </main>
  );
}
`;

const COUNTER = `'use client';
import { useState } from 'react';

export function Counter() {
  const [count, setCount] = useState(0);
  return (
    <section>
      <p>Rendered in the browser</p>
      <button id="counter" onClick={() => setCount(count + 1)}>Count is {count}</button>
    </section>
  );
}
`;

const SAVE = `'use client';
import { useActionState } from 'react';
import { save } from './actions';

export function Save() {
  const [answer, action] = useActionState(save, 'nothing saved');
  return (
    <form action={action}>
      <input name="word" defaultValue="word" />
      <button id="save">Save</button>
      <output>{answer}</output>
    </form>
  );
}
`;

const ACTIONS = `'use server';
import { cookies } from 'next/headers';

export async function save(before: string, form: FormData) {
  (await cookies()).set('saved', '1', { httpOnly: true });
  return \`saved \${form.get('word')} by the server\`;
}
`;

// Gates of streamed pages; dev mode compiles pages and routes apart, so they meet on globalThis.
const GATES = `const store = globalThis as unknown as { gates?: Map<string, () => void> };
export const gates = (store.gates ??= new Map<string, () => void>());
`;

const STREAM = `import { Suspense } from 'react';
import { gates } from '../gates';

interface Asked {
  searchParams: Promise<{ gate: string }>;
}

async function Late({ searchParams }: Asked) {
  const { gate } = await searchParams;
  await new Promise<void>((open) => gates.set(gate, open));
  return <p>the late part</p>;
}

// Parameters are awaited in the late part: outside of it Next.js says some time later, on localhost too, that they are in the way.
export default function Page({ searchParams }: Asked) {
  return (
    <main>
      <h1>the first part</h1>
      <Suspense fallback={<p>still waiting</p>}><Late searchParams={searchParams} /></Suspense>
    </main>
  );
}
`;

const OPEN = `import { gates } from '../gates';

export function GET(request: Request) {
  const gate = new URL(request.url).searchParams.get('gate') ?? '';
  gates.get(gate)?.();
  return Response.json(gates.delete(gate));
}
`;

/** The first part is there while the server still holds the late one back. */
async function streams(visit: Visit, ports: Ports): Promise<void> {
  const gate = Math.random().toString(36).slice(2);
  // Firefox says so of a font whose page is left before it has come: those of Next.js' own tools are late.
  await visit.isQuiet();
  await visit.go(`/stream?gate=${gate}`);
  const frame = await visit.shows('still waiting');
  const early = await frame.evaluate(() => document.body.innerText);
  if (!early.includes('the first part') || early.includes('the late part')) {
    throw new Error(`the page shows “${early}” before the late part was let go`);
  }
  const answer = await fetch(`http://localhost:${ports.app}/open?gate=${gate}`);
  if (!(await answer.json())) throw new Error('the server was not holding the late part back');
  await visit.shows('the late part');
}

export const next: Framework = {
  name: 'next',
  title: 'Next.js',
  packages: ['next', 'react'],
  scaffold: [
    'npx create-next-app@16 next --yes --ts --app --empty --no-eslint --no-tailwind --no-src-dir --disable-git --use-npm',
    {
      'app/page.tsx': PAGE,
      'app/counter.tsx': COUNTER,
      'app/save.tsx': SAVE,
      'app/actions.ts': ACTIONS,
      'app/gates.ts': GATES,
      'app/stream/page.tsx': STREAM,
      'app/open/route.ts': OPEN,
    },
  ],
  start: ({ app }) => `npm run dev -- --port ${app}`,
  shows: 'Rendered on the server',
  counter: '#counter',
  edits: [
    {
      what: 'client component',
      file: 'app/counter.tsx',
      from: 'in the browser',
      to: 'in a window',
    },
    { what: 'server component', file: 'app/page.tsx', from: 'on the server', to: 'on a machine' },
  ],
  checks: [
    {
      what: 'server action',
      run: (visit) => visit.clickUntil('#save', 'saved word by the server'),
    },
    { what: 'streamed Suspense', run: streams },
  ],
};
