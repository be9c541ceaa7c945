import * as z from 'zod';
import { schemas } from '@wingman/node-kit';
import type { Credentials } from './exchange/basic-auth.js';

// How the text of settings is read that only a host has.

/** The name and port of a host (RFC 9110 section 7.2); no address of IPv6. */
const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i;

/** A user name has no colon (RFC 7617 section 2), and neither part a control character. */
const CREDENTIALS = /^([^:\p{Cc}]{1,64}):(\P{Cc}{8,128})$/u;

/** The app's address as people write or copy it: `3000`, `:3000`, `localhost:3000` or a page's URL. */
const LOCAL_ADDRESS =
  /^(?:(?:http:\/\/)?(?:localhost|127\.0\.0\.1|\[::1\]):|:)?(\d{1,5})(\/[\x21-\x7e]*)?$/i;

/** The app's address: its port, and the page that the link opens. */
export const localAddress: z.ZodType<{ port: number; firstPage: string }, string> = z
  .string()
  .regex(LOCAL_ADDRESS)
  .transform((text) => {
    const [, port = '', firstPage = '/'] = LOCAL_ADDRESS.exec(text) ?? [];
    return { port: Number(port), firstPage };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535);

/** A user name and a password. */
export const credentials: z.ZodType<Credentials, string> = z
  .string()
  .regex(CREDENTIALS)
  .transform((text) => {
    const [, user = '', password = ''] = CREDENTIALS.exec(text) ?? [];
    return { user, password };
  });

/** What the app sees in Host. */
export const hostName: z.ZodType<string, string> = schemas.text.refine((text) =>
  HOST_NAME.test(text),
);
