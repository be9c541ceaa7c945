import type { Framework } from '../framework.js';

const COMPONENT = `import { Component, signal } from '@angular/core';

@Component({ selector: 'app-root', templateUrl: './app.html', styleUrl: './app.css' })
export class App {
  protected readonly count = signal(0);
}
`;

const TEMPLATE = `<h1>Angular</h1>
<p>as it was made</p>
<button id="counter" (click)="count.set(count() + 1)">Count is {{ count() }}</button>
`;

export const angular: Framework = {
  name: 'angular',
  title: 'Angular CLI',
  packages: ['@angular/cli', '@angular/core'],
  scaffold: [
    // Exact: a registry may have a newer CLI without the @angular/build that this one asks for.
    'npx @angular/cli@21.2.27 new angular --defaults --skip-git --skip-tests --style css --ssr=false --interactive=false',
    { 'src/app/app.ts': COMPONENT, 'src/app/app.html': TEMPLATE },
  ],
  start: ({ app }) => `npm start -- --port ${app}`,
  shows: 'as it was made',
  counter: '#counter',
  edits: [
    {
      what: 'template',
      file: 'src/app/app.html',
      from: 'as it was made',
      to: 'as it was edited',
    },
  ],
  notes: ['the last major version for Node 20'],
};
