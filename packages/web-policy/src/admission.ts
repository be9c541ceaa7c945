import { headerValue, SHIM_PATH, type Header } from '@wingman/protocol';
import {
  admitOwnFrame,
  admitScript,
  parsePolicy,
  serializePolicy,
  withoutIgnored,
  type PolicyChange,
} from './content-security-policy.js';
import { asksForIsolation } from './isolation.js';
import { shimTag } from './shim-injector.js';

/** Which parts of the session the policies of a response have to let in. */
export interface Admission {
  /** What the response is for (Fetch, "request destination"). The document of a frame is framed by the shell. */
  readonly destination: string;
  /** Further changes, such as `admitOwnOrigins`. */
  readonly also?: readonly PolicyChange[];
}

/** A report-only policy is changed too: else the app would get reports about parts that it doesn't know. */
const POLICIES = ['content-security-policy', 'content-security-policy-report-only'];
const FRAME_OPTIONS = 'x-frame-options';
const FRAMED = ['iframe', 'frame', 'embed', 'object'];

/** Changes policies so that they let the session's own origin in, and with it the shell. Everything else stays as strict as on localhost. */
export function admitSession(
  headers: readonly Header[],
  { destination, also = [] }: Admission,
): Header[] {
  const isFramed = FRAMED.includes(destination);
  const changes = [withoutIgnored, ...(isFramed ? [admitOwnFrame] : []), ...also];
  const isRefused = isFramed && refusesOwnFrame(headers);
  return headers.map((header) => {
    if (isPolicy(header)) return { ...header, value: changed(header.value, changes) };
    const isRefusal = isRefused && header.name === FRAME_OPTIONS;
    return isRefusal ? { ...header, value: 'SAMEORIGIN' } : header;
  });
}

/** The same for an HTML document. The headers also let the shim in and lose the length; the caller puts `tag` into the document. */
export function admitShim(
  headers: readonly Header[],
  { destination, also = [] }: Admission,
  {
    nonce,
    origins,
    appPort,
    pageOrigins,
  }: {
    readonly nonce: string;
    readonly origins: readonly string[];
    readonly appPort?: number;
    readonly pageOrigins?: ReadonlyMap<number, string>;
  },
): { headers: Header[]; tag: string } {
  const kept = headers.filter(({ name }) => name !== 'content-length');
  const script = admitScript({ nonce, urls: origins.map((origin) => origin + SHIM_PATH) });
  return {
    headers: admitSession(kept, { destination, also: [...also, script] }),
    tag: shimTag(
      headers.some(isPolicy) ? nonce : undefined,
      asksForIsolation(headers),
      appPort,
      pageOrigins,
    ),
  };
}

function isPolicy({ name }: Header): boolean {
  return POLICIES.includes(name);
}

/** A header may hold several policies (CSP Level 3 section 2.2.2). */
function changed(value: string, changes: readonly PolicyChange[]): string {
  const policies = value.split(',').map((serialized) => {
    const policy = changes.reduce((before, change) => change(before), parsePolicy(serialized));
    return serializePolicy(policy);
  });
  return policies.join(',');
}

/** Whether the shell can't frame the document: by one refusal, or by values that contradict each other (HTML, "check a navigation response's adherence to X-Frame-Options"). */
function refusesOwnFrame(headers: readonly Header[]): boolean {
  const value = headerValue(headers, FRAME_OPTIONS)?.toLowerCase() ?? '';
  const options = new Set(value.split(',').map((option) => option.trim()));
  const known = options.size > 1 ? /^(?:deny|sameorigin|allowall)$/ : /^deny$/;
  return [...options].some((option) => known.test(option));
}
