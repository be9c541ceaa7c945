import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFileSchema, readConfigFile } from '../src/cli/up/config-file.js';
import { appsOf } from '../src/cli/up/up.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wingman-up-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(content: unknown): ReturnType<typeof readConfigFile> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(folder, 'wingman.config.json'), text);
  return readConfigFile(folder);
}

const configs = (content: unknown, names: string[] = [], env = {}) =>
  appsOf(read(content), names, env).map(({ config }) => config);

describe('wingman.config.json', () => {
  test('names apps, whose settings win over those of the file, and these over the environment', () => {
    const content = {
      $schema: './wingman.schema.json',
      ...{ expires: '2h', maxViewers: 3, p2p: false },
      apps: {
        shop: { port: 3000, also: [8080, '8081'], expires: '30m', readOnly: true },
        admin: { port: 'localhost:3001/login' },
      },
    };
    const [shop, admin] = configs(content, [], { SESSION_TTL: '1h', MAX_VIEWERS: '5' });
    expect(shop).toMatchObject({
      ...{ port: 3000, alsoPorts: [8080, 8081], sessionTtlMs: 1_800_000 },
      ...{ maxViewers: 3, p2pEnabled: false, isReadOnly: true },
    });
    expect(admin).toMatchObject({ port: 3001, firstPage: '/login', sessionTtlMs: 7_200_000 });
    // One server in this process has the usual port, and the others any.
    expect([shop?.tunnelPort, admin?.tunnelPort]).toEqual([8787, 0]);
    expect(configs(content, ['admin'])).toMatchObject([{ port: 3001, tunnelPort: 8787 }]);
  });

  test('says what a key may have been meant to be', () => {
    const typo = { apps: { shop: { prot: 3000 } } };
    expect(() => read(typo)).toThrow('apps.shop: prot is not known. Is port meant?');
  });

  test('shares folders beside it, and commands', () => {
    const planned = read({
      apps: {
        docs: { folder: 'dist' },
        web: { run: ' npm run  dev ' },
        api: { run: ['node', 'a b.js'], port: 8080 },
      },
    });
    expect(planned).toMatchObject([
      { folder: join(folder, 'dist'), run: undefined },
      { run: ['npm', 'run', 'dev'], port: undefined },
      { run: ['node', 'a b.js'], port: '8080' },
    ]);
  });

  test.each<[string, unknown, RegExp]>([
    ['a comma too many', '{\n  "apps": {\n  },\n}', /, line [34].*no JSON.*comma/],
    ['a list', [], /at the top is not valid/],
    ['no apps', {}, /apps: is missing.*"shop"/],
    ['an empty list of apps', { apps: {} }, /apps: names no app.*"shop"/],
    [
      'a key that is none',
      { apps: { a: { ports_of: 1 } } },
      /apps\.a: ports_of is not known\..*port, folder/,
    ],
    ['a secret', { apps: { a: { port: 1, token: 'x' } } }, /apps\.a: token.*in the environment/],
    ['a key of an app at the top', { port: 1, apps: {} }, /at the top: port is not known/],
    [
      'a wrong type',
      { apps: { a: { port: 1, expires: true } } },
      /apps\.a\.expires is not valid\. .*lives/,
    ],
    [
      'a flag with text',
      { apps: { a: { port: 1, approve: 'yes' } } },
      /apps\.a\.approve is not valid/,
    ],
    ['an app of nothing', { apps: { a: {} } }, /apps\.a: needs one of port, folder and run/],
    ['an app of two things', { apps: { a: { port: 1, folder: 'x' } } }, /apps\.a: needs one of/],
    ['a name that is none', { apps: { 'A b': { port: 1 } } }, /apps\.A b: the name.*a-z/],
  ])('says what to do about %s', (_, content, message) => {
    expect(() => read(content)).toThrow(message);
    expect(() => read(content)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test.each<[string, unknown, string[], RegExp]>([
    [
      'a wrong value',
      { apps: { a: { port: 1, expires: 'soon' } } },
      [],
      /apps\.a: --expires "soon"/,
    ],
    ['a wrong port', { apps: { a: { port: 'http' } } }, [], /apps\.a: .*http.*3000/],
    ['an app that is none', { apps: { a: { port: 1 } } }, ['b'], /no app b\. It has: a/],
    [
      'one name for two',
      { name: 'x', apps: { a: { port: 1 }, b: { port: 2 } } },
      [],
      /apps\.b\.name: apps\.a has it too/,
    ],
    [
      'letting people in by hand to several',
      { approve: true, apps: { a: { port: 1 }, b: { port: 2 } } },
      [],
      /apps\.a: approve.*wingman up a/,
    ],
  ])('says it before anything is shared: %s', (_, content, names, message) => {
    expect(() => configs(content, names)).toThrow(message);
  });

  test('is asked for where there is none', () => {
    expect(() => readConfigFile(folder)).toThrow(/there is no wingman\.config\.json here\. A good/);
  });

  test('has a published schema, which is that of the code', () => {
    const published = new URL('../wingman.schema.json', import.meta.url);
    expect(readFileSync(published, 'utf8')).toBe(configFileSchema());
  });
});
