import type { ErrorCode } from '../errors.js';
import type { Problem } from './problem.js';

// Problems of a visitor whom the developer has not let in, or not for everything. The host tells them.

/** The developer has set a passphrase, and this browser has not shown it. `news` says how the last try went. */
export function passphraseNeeded(news = ''): Problem<ErrorCode> {
  return {
    status: 401,
    code: 'PASSPHRASE_NEEDED',
    title: 'This app is behind a passphrase',
    cause: `${news}The developer lets in whoever has the link and knows the passphrase.`,
    cure: 'Ask the developer for the passphrase and type it here. It goes to the developer’s machine, encrypted, and the server does not see it.',
  };
}

/** The developer has been asked, and has not answered yet. */
export const APPROVAL_NEEDED: Problem<ErrorCode> = {
  status: 403,
  code: 'APPROVAL_NEEDED',
  title: 'The developer has been asked',
  cause: 'The developer lets everybody in by hand, and sees now that you are here.',
  cure: 'Wait. This page goes on by itself as soon as you are let in.',
};

/** The developer has not answered for as long as a visitor waits. */
export const APPROVAL_LAPSED: Problem<ErrorCode> = {
  status: 403,
  code: 'APPROVAL_NEEDED',
  title: 'Nobody has let you in',
  cause: 'The developer lets everybody in by hand, and has not answered for a while.',
  cure: 'Tell the developer that you are here, then reload this page to ask again.',
};

/** The developer has not let this browser in, or not any more. */
export const VISITOR_REFUSED: Problem<ErrorCode> = {
  status: 403,
  code: 'VISITOR_REFUSED',
  title: 'The developer has closed this app to you',
  cause: 'The developer has refused this browser, or removed it from the session.',
  cure: 'If you think that this is a mistake, ask the developer to let you in again.',
};

/** The developer has paused the session. */
export const PAUSED: Problem<ErrorCode> = {
  status: 503,
  code: 'PAUSED',
  title: 'The developer has paused this session',
  cause: 'The app still runs, but nothing is let through to it for now.',
  cure: 'Wait. This page goes on by itself when the developer does.',
};

/** More visitors ask to be let in than the host keeps in mind. */
export const TOO_MANY_WAITING: Problem<ErrorCode> = {
  status: 503,
  code: 'LIMIT_EXCEEDED',
  title: 'Too many people wait to be let in',
  cause: 'The developer lets everybody in by hand, and as many as can wait are waiting already.',
  cure: 'Tell the developer that you are here, and try again in a moment.',
};

/** The session is for looking only. */
export function readOnly(what: string): Problem<ErrorCode> {
  return {
    status: 403,
    code: 'READ_ONLY',
    title: 'This session is for looking only',
    cause: `The developer shares the app read-only, and ${what} could change something.`,
    cure: 'Go back. If you should be able to do this, ask the developer to share without --read-only.',
  };
}
