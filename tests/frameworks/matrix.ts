import type { Framework } from './framework.js';
import { angular } from './rows/angular.js';
import { apiPort } from './rows/api-port.js';
import { astro } from './rows/astro.js';
import { browserSync } from './rows/browser-sync.js';
import { decap } from './rows/decap.js';
import { django } from './rows/django.js';
import { eleventy } from './rows/eleventy.js';
import { expressPassport } from './rows/express-passport.js';
import { graphql } from './rows/graphql.js';
import { next } from './rows/next.js';
import { nodeRed } from './rows/node-red.js';
import { nuxt } from './rows/nuxt.js';
import { parcel } from './rows/parcel.js';
import { rsbuild } from './rows/rsbuild.js';
import { socketIo } from './rows/socket-io.js';
import { storybook } from './rows/storybook.js';
import { svelteKit } from './rows/sveltekit.js';
import { tus } from './rows/tus.js';
import { verdaccio } from './rows/verdaccio.js';
import { viteReact } from './rows/vite-react.js';
import { viteVue } from './rows/vite-vue.js';
import { webpack } from './rows/webpack.js';
import { widgetFrame } from './rows/widget-frame.js';

/** Every row, in the order of the table. */
export const MATRIX: readonly Framework[] = [
  viteReact,
  viteVue,
  next,
  nuxt,
  astro,
  svelteKit,
  webpack,
  angular,
  storybook,
  socketIo,
  apiPort,
  expressPassport,
  nodeRed,
  tus,
  graphql,
  widgetFrame,
  verdaccio,
  django,
  decap,
  browserSync,
  eleventy,
  rsbuild,
  parcel,
];
