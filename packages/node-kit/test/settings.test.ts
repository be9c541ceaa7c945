import { describe, expect, test } from '@jest/globals';
import * as schemas from '../src/setting-schemas.js';
import {
  ConfigError,
  isSet,
  optionsOf,
  readSettings,
  setting,
  variablesOf,
  type Environment,
  type Given,
} from '../src/settings.js';
import { LOG_LEVELS, SHARED_SETTINGS } from '../src/shared-settings.js';

const SETTINGS = {
  port: setting({
    option: '<port>',
    default: '',
    good: '3000',
    meaning: 'Local port.',
    schema: schemas.integer(1, 65_535),
  }),
  viewers: setting({
    variable: 'VIEWERS',
    option: '--viewers <n>',
    default: '8',
    good: '8',
    meaning: 'Viewers at once.',
    schema: schemas.integer(1, 10),
  }),
  secret: setting({
    variable: 'SECRET',
    default: '',
    good: 'sixteen letters',
    meaning: 'A secret.',
    isSecret: true,
    schema: schemas.text.length(16),
  }),
};

const read = (given: Given<typeof SETTINGS> = {}, env: Environment = {}) =>
  readSettings(SETTINGS, given, env);

function complaint(given: Given<typeof SETTINGS>, env: Environment = {}): string {
  try {
    read(given, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  throw new Error('was accepted');
}

test('a wrong value is shown in part, and does not take over the terminal that shows it', () => {
  const value = `\u001b[2J\u009b31m\u202e${'x'.repeat(100_000)}`;
  for (const message of [complaint({}, { VIEWERS: value }), complaint({ viewers: value })]) {
    expect(message).toMatch(/^[^\p{Cc}\p{Cf}]{1,400}$/u);
    expect(message).toContain('[2J');
  }
});

describe('a setting', () => {
  test('has its default, or none', () => {
    expect(read()).toEqual({ port: undefined, viewers: 8, secret: undefined });
  });

  test('comes from the environment, and from the command line before it', () => {
    expect(read({}, { VIEWERS: '2' }).viewers).toBe(2);
    expect(read({ viewers: '3' }, { VIEWERS: '2' }).viewers).toBe(3);
  });

  test.each(['', ' '])('a variable that is %j is not set', (VIEWERS) => {
    expect(read({}, { VIEWERS }).viewers).toBe(8);
  });

  test('blanks around a variable do not count', () => {
    expect(read({}, { VIEWERS: ' 4 ' }).viewers).toBe(4);
  });

  test('an empty option is a mistake, not one left out', () => {
    expect(complaint({ viewers: '' })).toContain('--viewers "" is not valid');
  });

  test('a variable is not looked at when the option is there', () => {
    expect(read({ viewers: '1' }, { VIEWERS: 'many' }).viewers).toBe(1);
  });

  test('is set when one of the two has said so', () => {
    expect(isSet(SETTINGS.viewers, undefined, {})).toBe(false);
    expect(isSet(SETTINGS.viewers, undefined, { VIEWERS: ' ' })).toBe(false);
    expect(isSet(SETTINGS.viewers, undefined, { VIEWERS: '8' })).toBe(true);
    expect(isSet(SETTINGS.viewers, '8', {})).toBe(true);
    expect(isSet(SETTINGS.port, undefined, { undefined: '8' })).toBe(false);
  });
});

describe('an error', () => {
  test('names the variable, its meaning and a good value', () => {
    expect(complaint({}, { VIEWERS: 'many' })).toBe(
      'VIEWERS "many" is not valid. Viewers at once. A good value: VIEWERS=8',
    );
  });

  test('names the option as it is typed', () => {
    expect(complaint({ viewers: '99' })).toBe(
      '--viewers "99" is not valid. Viewers at once. A good value: --viewers 8',
    );
  });

  test('names an argument without an assignment', () => {
    expect(complaint({ port: 'x' })).toBe(
      '<port> "x" is not valid. Local port. A good value: 3000',
    );
  });

  test('does not repeat a secret', () => {
    expect(complaint({}, { SECRET: 'hunter2' })).toBe(
      'SECRET is not valid. A secret. A good value: SECRET=sixteen letters',
    );
  });
});

test('variables are described as .env.example shows them, and options are not', () => {
  expect(variablesOf(SETTINGS)).toEqual([
    { name: 'VIEWERS', default: '8', meaning: 'Viewers at once.' },
    { name: 'SECRET', default: '', meaning: 'A secret.' },
  ]);
});

describe('what the tunnel server and the host share', () => {
  test('has these defaults', () => {
    expect(readSettings(SHARED_SETTINGS, {}, {})).toEqual({
      sessionTtlMs: 28_800_000,
      linkGraceMs: 60_000,
      p2pEnabled: true,
      p2pTimeoutMs: 10_000,
      sparesRelay: false,
      stunServers: undefined,
      turnUrls: undefined,
      turnSecret: undefined,
      logLevel: 'info',
    });
  });

  test('a good value is one', () => {
    for (const described of Object.values(SHARED_SETTINGS)) {
      const env = { [described.variable ?? '']: described.good };
      expect(() => readSettings({ described }, {}, env)).not.toThrow();
    }
  });

  test('every variable has one sentence', () => {
    for (const { meaning, name } of variablesOf(SHARED_SETTINGS)) {
      expect(name).toMatch(/^[A-Z0-9_]+$/);
      expect(meaning).toMatch(/^[^\n]{10,120}\.$/);
    }
  });

  test.each([
    ['SESSION_TTL', '14d', '15d'],
    ['LINK_GRACE', '2s', '1s'],
    ['LINK_GRACE', '1h', '61m'],
    ['P2P_TIMEOUT_MS', '500', '499'],
    ['STUN_SERVERS', 'stuns:a.example', 'turn:a.example'],
    ['TURN_URLS', 'turns:a.example', 'stun:a.example'],
    ['LOG_LEVEL', 'silent', 'loud'],
  ])('%s takes %s and not %s', (name, good, bad) => {
    expect(() => readSettings(SHARED_SETTINGS, {}, { [name]: good })).not.toThrow();
    expect(() => readSettings(SHARED_SETTINGS, {}, { [name]: bad })).toThrow(ConfigError);
  });

  test.each(LOG_LEVELS)('the log level %s', (logLevel) => {
    expect(readSettings(SHARED_SETTINGS, { logLevel }, {}).logLevel).toBe(logLevel);
  });
});

test('options are described as their settings are; a mere flag says what it does', () => {
  const quiet = setting({
    variable: 'LOUD',
    option: '--no-loud',
    flagMeaning: 'Be quiet.',
    default: 'true',
    good: 'true',
    meaning: 'Whether it is loud.',
    schema: schemas.flag,
  });
  expect(optionsOf({ ...SETTINGS, quiet })).toEqual([
    {
      setting: 'viewers',
      option: '--viewers <n>',
      variable: 'VIEWERS',
      meaning: 'Viewers at once.',
      default: '8',
      isRepeatable: false,
    },
    {
      setting: 'quiet',
      option: '--no-loud',
      variable: 'LOUD',
      meaning: 'Be quiet.',
      default: '',
      isRepeatable: false,
    },
  ]);
});
