import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const SERVER = `const { csrfSync } = require('csrf-sync');
const express = require('express');
const session = require('express-session');
const Database = require('libsql');
const multer = require('multer');
const { createHash, scryptSync, timingSafeEqual } = require('node:crypto');
const passport = require('passport');
const { Strategy } = require('passport-local');
const { page, form } = require('./pages');

const db = new Database('app.db');
db.exec(\`
  DROP TABLE IF EXISTS users; DROP TABLE IF EXISTS notes; DROP TABLE IF EXISTS sessions;
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, password BLOB);
  CREATE TABLE notes (id INTEGER PRIMARY KEY, owner INTEGER, text TEXT, file BLOB, filename TEXT);
  CREATE TABLE sessions (id TEXT PRIMARY KEY, data TEXT);
\`);
const hash = (password) => scryptSync(password, 'salt', 32);
db.prepare('INSERT INTO users (name, password) VALUES (?, ?)').run('ada', hash('enter'));

class Sessions extends session.Store {
  get(id, done) {
    const row = db.prepare('SELECT data FROM sessions WHERE id = ?').get(id);
    done(null, row && JSON.parse(row.data));
  }
  set(id, value, done) {
    db.prepare('INSERT OR REPLACE INTO sessions VALUES (?, ?)').run(id, JSON.stringify(value));
    done?.(null);
  }
  destroy(id, done) {
    db.prepare('DELETE FROM sessions WHERE id = ?').run(id);
    done?.(null);
  }
}

passport.use(new Strategy((name, password, done) => {
  const user = db.prepare('SELECT * FROM users WHERE name = ?').get(name);
  const isRight = user && timingSafeEqual(user.password, hash(password));
  done(null, isRight ? user : false, { message: 'name or password is wrong' });
}));
passport.serializeUser((user, done) => done(null, user.id));
passport.deserializeUser((id, done) => {
  done(null, db.prepare('SELECT id, name FROM users WHERE id = ?').get(id));
});

const csrf = csrfSync({
  getTokenFromRequest: (request) => request.body?._csrf ?? request.get('x-csrf-token'),
});
const app = express();
app.use(session({
  secret: 'secret',
  resave: false,
  saveUninitialized: false,
  store: new Sessions(),
  cookie: { httpOnly: true, sameSite: 'lax' },
}));
app.use(passport.session());
app.use(express.urlencoded({ extended: false }));
app.use(multer().single('file'));
// Besides the token, as many frameworks do: the page that posts is one of this host.
app.use((request, response, next) => {
  const origin = request.get('origin');
  const isOwn = origin === undefined || new URL(origin).host === request.get('host');
  if (isOwn || request.method === 'GET') return next();
  response.status(403).send(page('a foreign origin: ' + origin));
});
app.use(csrf.csrfSynchronisedProtection);

const signedIn = (request, response, next) => (request.user ? next() : response.redirect('/login'));
app.get('/', signedIn, (request, response) => {
  const notes = db.prepare('SELECT * FROM notes WHERE owner = ?').all(request.user.id);
  response.send(page('notes of ' + request.user.name, form.notes(request.csrfToken(), notes)));
});
app.get('/login', (request, response) => {
  const [message = 'please log in'] = request.session.messages ?? [];
  delete request.session.messages;
  response.send(page(message, form.login(request.csrfToken())));
});
app.post('/login', passport.authenticate('local', {
  successReturnToOrRedirect: '/',
  failureRedirect: '/login',
  failureMessage: true,
}));
app.post('/notes', signedIn, (request, response) => {
  const { user, file, body } = request;
  db.prepare('INSERT INTO notes (owner, text, file, filename) VALUES (?, ?, ?, ?)')
    .run(user.id, body.text, file?.buffer ?? null, file?.originalname ?? null);
  response.redirect(303, request.get('referer'));
});
app.get('/notes/:id/file', signedIn, (request, response) => {
  const { file, filename } = db.prepare('SELECT * FROM notes WHERE id = ?').get(request.params.id);
  response.attachment(filename).set('x-digest', createHash('sha256').update(file).digest('hex'));
  response.send(Buffer.from(file));
});
app.delete('/notes/:id', signedIn, (request, response) => {
  db.prepare('DELETE FROM notes WHERE id = ?').run(request.params.id);
  response.json({ deleted: Number(request.params.id) });
});
app.post('/logout', (request, response, next) => {
  request.logout((error) => (error ? next(error) : response.redirect('/login')));
});
app.use((error, request, response, next) => {
  response.status(error.status ?? 500).send(page('refused: ' + error.message));
});
app.listen(Number(process.env.PORT));
`;

const PAGES = `const token = (csrf) => \`<input type="hidden" name="_csrf" value="\${csrf}" />\`;

exports.page = (title, body = '') => \`<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Notes</title><link rel="icon" href="data:," /></head>
  <body><h1>\${title}</h1>\${body}</body>
</html>\`;

exports.form = {
  login: (csrf) => \`
    <form method="post" action="/login">\${token(csrf)}
      <input name="username" /><input name="password" type="password" />
      <button id="enter">Log in</button>
    </form>\`,
  notes: (csrf, notes) => \`
    <ul>\${notes.map(({ id, text, filename }) => \`
      <li>\${text} <a href="/notes/\${id}/file">\${filename}</a>
        <button class="delete" onclick="remove(\${id})">Delete</button></li>\`).join('')}
    </ul>
    <form method="post" action="/notes" enctype="multipart/form-data">\${token(csrf)}
      <input name="text" /><input name="file" type="file" /><button id="add">Add</button>
    </form>
    <form method="post" action="/logout">\${token(csrf)}<button id="leave">Log out</button></form>
    <form method="post" action="/logout"><button id="forged">Forged</button></form>
    <script>
      async function remove(id) {
        const headers = { 'x-csrf-token': '\${csrf}' };
        const answer = await fetch('/notes/' + id, { method: 'DELETE', headers });
        if (answer.ok) location.reload();
      }
    </script>\`,
};
`;

async function logIn(visit: Visit): Promise<void> {
  await enter(visit, 'guess');
  await visit.shows('name or password is wrong');
  await enter(visit, 'enter');
  await visit.shows('notes of ada');
}

async function enter(visit: Visit, password: string): Promise<void> {
  await visit.fill('[name=username]', 'ada');
  await visit.fill('[name=password]', password);
  await visit.press('#enter');
}

const FILE = 'zwölf Boxkämpfer\n'.repeat(20_000);

/** A note with a file, sent as a form is, and the file as the server gives it back. */
async function create(visit: Visit): Promise<unknown> {
  await visit.fill('[name=text]', 'a first note');
  await visit.attach('[name=file]', 'résumé.txt', FILE);
  await visit.press('#add');
  const frame = await visit.shows('a first note');
  return frame.evaluate(async () => {
    const answer = await fetch(document.querySelector('a')?.href ?? '');
    return {
      name: document.querySelector('a')?.textContent,
      type: answer.headers.get('content-type'),
      digest: answer.headers.get('x-digest'),
      length: (await answer.arrayBuffer()).byteLength,
      referrer: new URL(document.referrer).pathname,
      cookie: document.cookie,
    };
  });
}

async function forge(visit: Visit): Promise<unknown> {
  await visit.press('#forged');
  const frame = await visit.shows('refused: ');
  const text = await frame.evaluate(() => document.body.innerText);
  await visit.go('/');
  await visit.shows('notes of ada');
  return text;
}

async function remove(visit: Visit): Promise<void> {
  await visit.press('.delete');
  await visit.lacks('a first note');
}

async function logOut(visit: Visit): Promise<void> {
  await visit.press('#leave');
  await visit.shows('please log in');
  await visit.go('/');
  await visit.shows('please log in');
}

export const expressPassport: Framework = {
  name: 'express-passport',
  title: 'Express + Passport + SQLite',
  packages: ['express', 'passport', 'csrf-sync', 'libsql'],
  scaffold: [
    {
      'package.json': JSON.stringify({ private: true }),
      'server.js': SERVER,
      'pages.js': PAGES,
    },
    'cd express-passport && npm install express@5.3.0 express-session@1.19.0 passport@0.7.0 ' +
      'passport-local@1.0.0 csrf-sync@4.2.1 libsql@0.5.29 multer@2.5.0',
  ],
  start: ({ app }) => `PORT=${app} node server.js`,
  shows: 'please log in',
  edits: [],
  checks: [
    { what: 'login', run: logIn },
    { what: 'form with a file', run: create },
    { what: 'a post without its token is refused', run: forge },
    { what: 'deletion', run: remove },
    { what: 'logout', run: logOut },
  ],
};
