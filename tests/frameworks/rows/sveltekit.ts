import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const PAGE = `<script lang="ts">
	import { enhance } from '$app/forms';
	let { form } = $props();
	let count = $state(0);
</script>

<h1>Welcome to SvelteKit</h1>
<p>as it was made</p>
<button id="counter" onclick={() => count++}>Count is {count}</button>
<form method="POST"><input name="word" value="plain" /><button id="plain">Post</button></form>
<form method="POST" use:enhance>
	<input name="word" value="enhanced" /><button id="enhanced">Post</button>
</form>
<output>{form?.answer ?? 'nothing posted'}</output>
`;

const ACTIONS = `export const actions = {
	default: async ({ request }) => {
		const form = await request.formData();
		return { answer: \`the server got \${form.get('word')}\` };
	},
};
`;

const posts = (form: string) => (visit: Visit) =>
  visit.clickUntil(`#${form}`, `the server got ${form}`);

export const svelteKit: Framework = {
  name: 'sveltekit',
  title: 'SvelteKit',
  packages: ['@sveltejs/kit', 'svelte', 'vite'],
  scaffold: [
    'npx sv@0.9 create sveltekit --template minimal --types ts --no-add-ons --no-install',
    'cd sveltekit && npm install',
    { 'src/routes/+page.svelte': PAGE, 'src/routes/+page.server.ts': ACTIONS },
  ],
  start: ({ app }) => `npm run dev -- --port ${app} --strictPort`,
  shows: 'Welcome to SvelteKit',
  counter: '#counter',
  edits: [
    {
      what: 'component',
      file: 'src/routes/+page.svelte',
      from: 'as it was made',
      to: 'as it was edited',
    },
  ],
  checks: [
    { what: 'form action (fetched)', run: posts('enhanced') },
    { what: 'form action (navigated)', run: posts('plain') },
  ],
  notes: ['the last major version for Node 20'],
};
