import { visibleText } from '@wingman/node-kit';

/** What is read of a line of the log: what has happened, why, and all else that belongs to it. */
interface LogLine extends Readonly<Record<string, unknown>> {
  readonly msg?: string;
  readonly message?: string;
  readonly err?: { readonly message?: string };
}

/** What the words say already, or a line has without it. */
const LEFT_OUT = new Set(['level', 'time', 'msg', 'message', 'err', 'code']);

/** What a line of the log, which is JSON, says to a person. */
export function logText(line: string): string {
  const fields = JSON.parse(line) as LogLine;
  const { msg = '', message, err } = fields;
  const cause = err?.message ?? message;
  const of = Object.entries(fields).flatMap(([name, value]) =>
    LEFT_OUT.has(name)
      ? []
      : [`${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`],
  );
  const what = cause === undefined ? msg : `${msg}: ${cause}`;
  return visibleText(of.length === 0 ? what : `${what} (${of.join(', ')})`);
}
