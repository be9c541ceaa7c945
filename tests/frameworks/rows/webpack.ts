import type { Framework } from '../framework.js';

const FILES = {
  'package.json': JSON.stringify({
    name: 'webpack-app',
    private: true,
    scripts: { start: 'webpack serve' },
  }),
  'webpack.config.js': `module.exports = {
  mode: 'development',
  entry: './src/index.js',
  devServer: { static: './dist' },
};
`,
  'dist/index.html': `<!doctype html>
<html>
  <head><meta charset="utf-8" /><title>webpack</title></head>
  <body><main></main><script src="main.js"></script></body>
</html>
`,
  'src/view.js': `export const text = 'a module that is accepted';\n`,
  'src/other.js': `export const text = 'a module that is not accepted';\n`,
  'src/index.js': `import { text } from './view';
import { text as other } from './other';

let count = 0;
const main = document.querySelector('main');
main.innerHTML = '<p></p><p></p><button id="counter"></button>';
const [first, second] = main.querySelectorAll('p');
const button = main.querySelector('button');
const render = () => {
  first.textContent = text;
  second.textContent = other;
  button.textContent = 'Count is ' + count;
};
button.onclick = () => {
  count += 1;
  render();
};
render();
module.hot?.accept('./view', render);
`,
};

export const webpack: Framework = {
  name: 'webpack',
  title: 'webpack-dev-server',
  packages: ['webpack', 'webpack-dev-server'],
  scaffold: [FILES, 'cd webpack && npm install -D webpack@5 webpack-cli@6 webpack-dev-server@5'],
  start: ({ app }) => `npm start -- --port ${app}`,
  shows: 'a module that is accepted',
  counter: '#counter',
  needsTunnel: 'its client asks the port that the dev server listens on',
  edits: [
    {
      what: 'accepted module',
      file: 'src/view.js',
      from: 'that is accepted',
      to: 'that was edited',
    },
    { what: 'other module', file: 'src/other.js', from: 'not accepted', to: 'not taken' },
  ],
  notes: ['version 5, the last for Node 20'],
};
