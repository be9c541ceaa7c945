import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  admitOwnFrame,
  admitScript,
  parsePolicy,
  serializePolicy,
  withoutIgnored,
  type PolicyChange,
} from '../src/content-security-policy.js';
import { admitOwnOrigins } from '../src/own-origins.js';

const SHIM_URL = 'http://abc.localhost/__wingman/shim.js';
const SHIM = { nonce: 'N', urls: [SHIM_URL] };
const OWN = { port: 3000, origins: ['https://s.example', 'https://bare.example'] };

const change =
  (...changes: readonly PolicyChange[]) =>
  (policy: string): string =>
    serializePolicy(changes.reduce((before, one) => one(before), parsePolicy(policy)));
const admitted = change(admitScript(SHIM));
const framed = change(admitOwnFrame);

describe('the shim gets through', () => {
  test.each([
    ["script-src 'self'", `script-src 'self'; script-src-elem 'self' ${SHIM_URL}`],
    ["default-src 'none'; img-src *", `default-src 'none'; img-src *; script-src-elem ${SHIM_URL}`],
    ["script-src-elem 'NONE'; script-src 'self'", `script-src-elem ${SHIM_URL}; script-src 'self'`],
    ['script-src', `script-src; script-src-elem ${SHIM_URL}`],
    [
      "script-src 'nonce-abc' 'strict-dynamic' 'unsafe-inline'",
      "script-src 'nonce-abc' 'strict-dynamic' 'unsafe-inline'; " +
        "script-src-elem 'nonce-abc' 'strict-dynamic' 'unsafe-inline' 'nonce-N'",
    ],
    [
      "Script-Src 'sha256-x='; script-src *",
      "Script-Src 'sha256-x='; script-src *; script-src-elem 'sha256-x=' 'nonce-N'",
    ],
    // Below, cases that the service worker's own reading had.
    [
      "script-src 'nonce-x' 'strict-dynamic'",
      "script-src 'nonce-x' 'strict-dynamic'; script-src-elem 'nonce-x' 'strict-dynamic' 'nonce-N'",
    ],
    ["script-src 'none'", `script-src 'none'; script-src-elem ${SHIM_URL}`],
  ])('%s', (policy, expected) => {
    expect(admitted(policy)).toBe(expected);
  });

  test('a policy that lives by inline scripts keeps them', () => {
    expect(admitted("script-src 'unsafe-inline'")).not.toContain('nonce');
  });

  test('by each of its addresses', () => {
    const urls = ['https://one.example/shim.js', 'https://two.example/shim.js'];
    expect(change(admitScript({ nonce: 'N', urls }))('script-src-elem *')).toBe(
      `script-src-elem * ${urls.join(' ')}`,
    );
  });

  test.each(["img-src 'self'", "frame-ancestors 'none'", 'upgrade-insecure-requests', '', ' ; '])(
    'a policy without scripts stays as it is: %j',
    (policy) => {
      expect(admitted(policy)).toBe(policy);
    },
  );
});

describe('the document’s own origin may frame it', () => {
  test.each([
    ["frame-ancestors 'none'", "frame-ancestors 'self'"],
    ['frame-ancestors', "frame-ancestors 'self'"],
    [
      "default-src *; frame-ancestors 'none'; img-src *",
      "default-src *; frame-ancestors 'self'; img-src *",
    ],
    ['frame-ancestors https://one.example', "frame-ancestors https://one.example 'self'"],
    ["\t FRAME-ANCESTORS\t'none' ;", "\t frame-ancestors 'self';"],
  ])('%s', (policy, expected) => {
    expect(framed(policy)).toBe(expected);
  });

  test.each([
    "FRAME-ANCESTORS 'Self' *.example",
    "default-src 'none'",
    "frame-ancestors-of 'none'",
    "img-src frame-ancestors 'none'",
  ])('what lets it already, and what is about something else, stays as it is: %s', (policy) => {
    expect(framed(policy)).toBe(policy);
  });
});

describe('as browsers read it', () => {
  test('the first directive of a name counts, and the others have no say', () => {
    expect(framed("frame-ancestors a.example; Frame-Ancestors 'none'")).toBe(
      "frame-ancestors a.example 'self'; Frame-Ancestors 'none'",
    );
    expect(admitted("script-src-elem 'none'; script-src-elem *")).toBe(
      `script-src-elem ${SHIM_URL}; script-src-elem *`,
    );
  });

  test('one with a byte beyond ASCII is none', () => {
    const policy =
      "script-src https://\xe9.example; script-src 'self'; report-uri /\xfc; img-src *";
    expect(admitted(policy)).toBe(`${policy}; script-src-elem 'self' ${SHIM_URL}`);
    expect(change(withoutIgnored)(policy)).toBe(" script-src 'self'; img-src *");
    expect(change(withoutIgnored)('img-src \u{1f600}')).toBe('');
  });

  test('white space is ASCII’s', () => {
    expect(framed("frame-ancestors\f'none'\n")).toBe("frame-ancestors 'self'");
    expect(framed("frame-ancestors\u00a0'none'")).toBe("frame-ancestors\u00a0'none'");
  });
});

describe('of any policy', () => {
  const source = fc.constantFrom(
    ...["'self'", "'SELF'", "'none'", "'None'", '*', 'https:', 'data:', "'unsafe-inline'"],
    ...["'nonce-abc'", "'sha256-x='", "'strict-dynamic'", 'a.example', 'https://b.example/x/'],
    ...['http://localhost:3000', 'ws://localhost:3000', 'localhost:*', 'http://localhost:8080/a'],
    ...['/path', SHIM_URL, 'https://s.example', '\xe9.example'],
  );
  const name = fc.constantFrom(
    ...['default-src', 'script-src', 'script-src-elem', 'Script-Src', 'script-src-attr'],
    ...['img-src', 'connect-src', 'frame-ancestors', 'FRAME-ANCESTORS', 'form-action', 'base-uri'],
    ...[
      'sandbox',
      'report-to',
      'report-uri',
      'trusted-types',
      'upgrade-insecure-requests',
      'x\xe9',
    ],
  );
  const space = fc.constantFrom(' ', '  ', '\t', '\n');
  const part = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(space, name, space, fc.array(source, { maxLength: 4 })) },
    {
      weight: 1,
      arbitrary: fc.string({ maxLength: 8 }).map((text) => ['', text, '', []] as const),
    },
  );
  const policy = fc
    .array(part, { maxLength: 6 })
    .map((parts) =>
      parts
        .map(([indent, first, gap, values]) => indent + [first, ...values].join(gap || ' '))
        .join(';'),
    );
  const changes = {
    admitScript: { change: admitScript(SHIM), names: ['script-src-elem'] },
    admitOwnFrame: { change: admitOwnFrame, names: ['frame-ancestors'] },
    admitOwnOrigins: {
      change: admitOwnOrigins(OWN),
      names: [
        ...['default-src', 'script-src', 'script-src-elem', 'script-src-attr', 'img-src'],
        ...[
          'frame-src',
          'object-src',
          'connect-src',
          'frame-ancestors',
          'form-action',
          'base-uri',
          'report-uri',
        ],
      ],
    },
  };

  /** What browsers make of it: the sources of the first directive of each name. */
  function meaning(serialized: string): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const text of serialized.split(';')) {
      const [first = '', ...values] = text.split(/[\t\n\f\r ]+/).filter((word) => word !== '');
      const key = first.toLowerCase();
      if (key === '' || /[^\0-\x7f]/.test(text) || found.has(key)) continue;
      found.set(key, values);
    }
    return found;
  }

  const check = (property: (policy: string) => void): void => {
    fc.assert(fc.property(policy, property), { numRuns: 500 });
  };

  test('reading and writing gives the same bytes', () => {
    check((text) => expect(serializePolicy(parsePolicy(text))).toBe(text));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(serializePolicy(parsePolicy(text))).toBe(text);
      }),
    );
  });

  test('what is ASCII has nothing to be ignored', () => {
    check((text) => {
      const kept = change(withoutIgnored)(text);
      expect(meaning(kept)).toEqual(meaning(text));
      expect(kept).not.toMatch(/[^\0-\x7f]/);
      if (/^[\0-\x7f]*$/.test(text)) expect(kept).toBe(text);
    });
  });

  describe.each(Object.entries(changes))('%s', (_name, { change: one, names }) => {
    test('a second time changes nothing', () => {
      check((text) => {
        const once = change(one)(text);
        expect(change(one)(once)).toBe(once);
      });
    });

    test('no other directive means anything else, nor has other bytes', () => {
      check((text) => {
        const [before, after] = [meaning(text), meaning(change(one)(text))];
        for (const key of [...before.keys(), ...after.keys()]) {
          if (!names.includes(key)) expect(after.get(key)).toEqual(before.get(key));
        }
        const isKept = (piece: string): boolean =>
          !names.includes(/^\s*(\S*)/.exec(piece)?.[1]?.toLowerCase() ?? '');
        const kept = change(one)(text).split(';').filter(isKept);
        expect(kept).toEqual(text.split(';').filter(isKept));
      });
    });

    test('what it concerns loses no source but none', () => {
      check((text) => {
        const after = meaning(change(one)(text));
        for (const [key, values] of meaning(text)) {
          const without = values.filter((value) => value.toLowerCase() !== "'none'");
          expect(after.get(key)).toEqual(expect.arrayContaining(without));
        }
      });
    });
  });

  test('the shim gets no more than its nonce or its addresses', () => {
    check((text) => {
      const before = meaning(text);
      const governing =
        before.get('script-src-elem') ?? before.get('script-src') ?? before.get('default-src');
      const after = meaning(admitted(text)).get('script-src-elem');
      const more = (after ?? []).filter((value) => governing?.includes(value) !== true);
      expect(after === undefined).toBe(governing === undefined);
      expect(["'nonce-N'", SHIM_URL]).toEqual(expect.arrayContaining(more));
    });
  });
});
