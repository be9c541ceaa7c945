import { expect, test } from '@jest/globals';
import { newerVersion } from '../src/cli/own-version.js';

test.each(['0.2.0', '0.1.1', '0.10.0', '1.0.0'])(
  'a server with %s is newer than 0.1.0',
  (theirs) => {
    expect(newerVersion(theirs, '0.1.0')).toBe(
      `there is a newer Wingman: the tunnel server has ${theirs}, this is 0.1.0`,
    );
  },
);

test.each(['', '0.1.0', '0.0.9', '2', '2.0.0\u001b[2J', '9.9.9-rc.1', `${'9'.repeat(9)}`])(
  'nothing is said of a server with %j',
  (theirs) => {
    expect(newerVersion(theirs, '0.1.0')).toBeUndefined();
  },
);
