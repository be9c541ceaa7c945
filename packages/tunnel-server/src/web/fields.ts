import type { IncomingMessage } from 'node:http';

/** Removes a header field (its name in lower case), because apps see all fields of a request. */
export function removeField(req: IncomingMessage, name: string): void {
  delete req.headers[name];
  const fields = req.rawHeaders;
  for (let index = fields.length - 2; index >= 0; index -= 2) {
    if (fields[index]?.toLowerCase() === name) fields.splice(index, 2);
  }
}
