import type { Framework } from '../framework.js';

// The starter template is on GitHub, not in the registry: these are its files, with a counter.
const FILES = {
  'package.json': JSON.stringify({
    name: 'nuxt-app',
    type: 'module',
    private: true,
    scripts: { dev: 'nuxt dev', postinstall: 'nuxt prepare' },
    dependencies: { nuxt: '~4.3.1', vue: '^3.5.0', 'vue-router': '^4.6.0' },
  }),
  'nuxt.config.ts': `export default defineNuxtConfig({
  compatibilityDate: '2025-07-15',
  devtools: { enabled: true },
});
`,
  'app/app.vue': `<script setup>
const count = ref(0);
const { data } = await useFetch('/api/hello');
</script>

<template>
  <div>
    <NuxtRouteAnnouncer />
    <h1>Nuxt renders {{ data }}</h1>
    <p>as it was made</p>
    <button id="counter" @click="count++">Count is {{ count }}</button>
  </div>
</template>
`,
  'server/api/hello.ts': `export default defineEventHandler(() => 'what its server says');\n`,
};

export const nuxt: Framework = {
  name: 'nuxt',
  title: 'Nuxt',
  packages: ['nuxt', 'vue'],
  scaffold: [FILES, 'cd nuxt && npm install'],
  start: ({ app }) => `npm run dev -- --port ${app}`,
  shows: 'Nuxt renders what its server says',
  counter: '#counter',
  edits: [
    { what: 'template', file: 'app/app.vue', from: 'as it was made', to: 'as it was edited' },
  ],
  notes: [
    'the last minor version for Node 20',
    'files of the starter template, which is on GitHub',
  ],
};
