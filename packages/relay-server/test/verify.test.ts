import { describe, expect, test } from '@jest/globals';
import { WingmanError } from '@wingman/protocol';
import { readBrowserBundle } from '@wingman/tunnel-server';
import { shortHash, verify } from '../src/cli/verify.js';

const SESSION = 'https://s.tunnel.example/page?x#k=KEY';
const { files } = await readBrowserBundle();

/** A server that gives this for every file. */
function serving(answer: (url: URL) => Promise<Buffer>) {
  const asked: URL[] = [];
  const get = (url: URL): Promise<Buffer> => {
    asked.push(url);
    return answer(url);
  };
  return { asked, get };
}

describe('what a server gives to browsers', () => {
  test('is asked for at the session’s origin, each file once, and the key stays here', async () => {
    const { asked, get } = serving(() => Promise.resolve(Buffer.from('other')));
    await verify(SESSION, get);
    expect(asked.length).toBe(files.size);
    expect(asked[0]?.href.startsWith('https://s.tunnel.example/')).toBe(true);
    expect(asked.map(({ href }) => href).join(' ')).not.toMatch(/KEY|page\?x/);
    const paths = asked.map(({ pathname }) => pathname);
    expect(paths.includes('/')).toBe(files.has('shell.html'));
    expect(paths.filter((path) => path !== '/' && !path.startsWith('/__wingman/'))).toEqual([]);
  });

  test('is not the page of this version when one byte differs', async () => {
    const { get } = serving(() => Promise.resolve(Buffer.from('other')));
    const { isSame, lines } = await verify(SESSION, get);
    expect(isSame).toBe(false);
    expect(lines.length).toBe(files.size + 2);
    for (const [name, built] of files) {
      const line = lines.find((one) => one.startsWith(`${name} `));
      expect(line).toContain(`built ${shortHash(built)}, served `);
      expect(line).not.toMatch(/the same$/);
    }
    expect(lines.at(-1)).toContain('is not the page of this version');
  });

  test('that can’t be asked for is told, and is not the same', async () => {
    const away = new WingmanError('REFUSED', 'the server does not answer');
    const { get } = serving(() => Promise.reject(away));
    const { isSame, lines } = await verify(SESSION, get);
    expect(isSame).toBe(false);
    expect(lines[0]).toMatch(/, the server does not answer$/);
  });

  test('a mistake of ours is no verdict', async () => {
    const { get } = serving(() => Promise.reject(new TypeError('a bug')));
    await expect(verify(SESSION, get)).rejects.toThrow(TypeError);
  });

  test.each(['', 's.tunnel.example', 'ftp://s.example/', 'javascript:alert(1)'])(
    '%j is no session’s URL, and nothing is asked',
    async (url) => {
      const { asked, get } = serving(() => Promise.resolve(Buffer.alloc(0)));
      await expect(verify(url, get)).rejects.toThrow('<url> is not valid');
      expect(asked).toEqual([]);
    },
  );
});
