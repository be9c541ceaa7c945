import { describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Entrance } from '../src/entry/entrance.js';
import { createPassphrase } from '../src/entry/passphrase.js';
import { RememberedAnswers } from '../src/entry/remembered-answers.js';
import { HOST_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';
import { scratchFolder } from './support/scratch.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';

function newPath(): string {
  return join(scratchFolder(), 'wingman', 'sessions', 'my-app.visitors.json');
}

/** The entrance of one more host of a name. */
function entranceOf(path: string, passphrase?: string): Entrance {
  const answers = new RememberedAnswers(path);
  return new Entrance({ asksDeveloper: true, answers, passphrase }, new FakeClock());
}

describe('what a developer has said of a visitor holds for the next host of the name', () => {
  test('who was let in is let in, who was refused stays out, and of others it is asked', () => {
    const path = newPath();
    const first = entranceOf(path);
    for (const id of ['ann', 'ben', 'cleo', 'dora'])
      expect(first.visit(id, FIREFOX)).toBe('waiting');
    first.accept(1);
    first.refuse(2);
    first.accept(3);
    first.refuse(3);
    const second = entranceOf(path);
    const verdicts = ['ann', 'ben', 'cleo', 'dora'].map((id) => second.visit(id, FIREFOX));
    expect(verdicts).toEqual(['admitted', 'refused', 'refused', 'waiting']);
    // The developer may think better of it, and that is kept too.
    expect(second.accept(2)).toBe(true);
    expect(entranceOf(path).visit('ben', FIREFOX)).toBe('admitted');
  });

  test('who was let in has to know the passphrase all the same, which may be another one by now', async () => {
    const path = newPath();
    const passphrase = createPassphrase();
    const first = entranceOf(path);
    first.visit('ann', FIREFOX);
    first.accept(1);
    const second = entranceOf(path, passphrase);
    expect(second.visit('ann', FIREFOX)).toBe('untried');
    await second.tryPassphrase('ann', passphrase);
    expect(second.visit('ann', FIREFOX)).toBe('admitted');
  });

  test('who was removed from a session that asks for nothing stays out too', () => {
    const path = newPath();
    const open = (): Entrance => new Entrance({ answers: new RememberedAnswers(path) });
    const first = open();
    expect(first.visit('ann', FIREFOX)).toBe('admitted');
    expect(readdirSync(join(path, '../../..'))).toEqual([]);
    first.refuse(1);
    expect(open().visit('ann', FIREFOX)).toBe('refused');
  });
});

describe('the file', () => {
  test('is its owner’s alone and tells nobody the ids, which pass for the visitors', () => {
    const path = newPath();
    new RememberedAnswers(path).keep('0123456789abcdef', 'admitted');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['my-app.visitors.json']);
    expect(readFileSync(path, 'utf8')).not.toContain('0123456789abcdef');
  });

  test('of others’ reach is not used, and the way out is said', () => {
    const path = newPath();
    new RememberedAnswers(path).keep('ann', 'admitted');
    chmodSync(path, 0o622);
    expect(() => new RememberedAnswers(path)).toThrow(
      expect.objectContaining({
        code: 'KEY_UNSAFE',
        message: expect.stringContaining(`chmod 600 ${path}`),
      }),
    );
  });

  test.each(['', '[]', '{"x":"maybe"}', '{"x":'])(
    'that is damaged (%j) is said to be one, and kept',
    (text) => {
      const path = newPath();
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text, { mode: 0o600 });
      expect(() => new RememberedAnswers(path)).toThrow(`${path} is damaged`);
      expect(readFileSync(path, 'utf8')).toBe(text);
    },
  );

  test('holds so many answers: who was let in is forgotten before who has to stay out', () => {
    const path = newPath();
    const full = Object.fromEntries(
      Array.from({ length: HOST_LIMITS.answers - 1 }, (_, index) => [`h${index}`, 'admitted']),
    );
    mkdirSync(join(path, '..'), { recursive: true });
    new RememberedAnswers(path).keep('stays out', 'refused');
    const [refused] = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as object);
    writeFileSync(
      path,
      JSON.stringify(Object.fromEntries([refused ?? [], ...Object.entries(full)])),
    );
    const answers = new RememberedAnswers(path);
    answers.keep('one more', 'admitted');
    const kept = new RememberedAnswers(path);
    expect([kept.of('stays out'), kept.of('one more')]).toEqual(['refused', 'admitted']);
    const stored = JSON.parse(readFileSync(path, 'utf8')) as object;
    expect(Object.keys(stored)).toHaveLength(HOST_LIMITS.answers);
    expect(stored).not.toHaveProperty('h0');
    expect(readFileSync(path).byteLength).toBeLessThan(HOST_LIMITS.answersFileBytes);
  });

  test('that can’t be written is told, and the answer holds as long as the host lives', () => {
    const path = newPath();
    const entrance = entranceOf(path);
    const told: string[] = [];
    entrance.on('problem', ({ message }) => told.push(message));
    entrance.visit('ann', FIREFOX);
    // A file where the folder would be.
    writeFileSync(join(path, '../../..', 'wingman'), '');
    expect(entrance.accept(1)).toBe(true);
    expect(entrance.visit('ann', FIREFOX)).toBe('admitted');
    expect(told).toEqual([expect.stringMatching(/ENOTDIR|EEXIST/)]);
  });
});
