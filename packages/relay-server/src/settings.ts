import * as z from 'zod';
import { schemas, setting, SHARED_SETTINGS } from '@wingman/node-kit';
import { isSessionLabel, LIMITS, MAX_LABEL_CHARS } from '@wingman/protocol';
import type { Credentials } from './exchange/basic-auth.js';
import { INGRESS_MODES } from './exchange/ingress-key.js';
import { HOST_LIMITS } from './limits.js';
import { ENGINE_CHOICES } from './tunnel/webrtc/webrtc-adapter.js';

/** Each is a client and a jar of sockets of its own; an app with more parts than this is rare. */
const MAX_ALSO_PORTS = 16;

/** With the attempts in a minute that limits.ts allows, eight characters of a word list are safe for a session's life. */
const MIN_PASSPHRASE_CHARS = 8;
/** Nothing that turns or hides what stands beside it (Unicode, general category C). */
const NO_CONTROLS = /^\P{C}+$/u;

/** The form that brings it has room for this, whatever the characters. */
const MAX_PASSPHRASE_CHARS = 200;

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

/** Every setting of a host. */
export const SETTINGS = {
  port: setting({
    option: '<port>',
    default: '',
    good: '3000',
    meaning:
      'Local port to share, an address on localhost with the page to begin at, or a folder of files.',
    schema: localAddress,
  }),
  alsoPorts: setting({
    variable: 'ALSO_PORTS',
    option: '--also <port>',
    default: '',
    good: '8080',
    isRepeatable: true,
    meaning: `Further local ports that the app's pages may use, separated by commas; at most ${MAX_ALSO_PORTS}.`,
    schema: schemas.list(schemas.integer(1, 65_535), MAX_ALSO_PORTS),
  }),
  server: setting({
    variable: 'TUNNEL_SERVER_URL',
    option: '--server <urls>',
    default: '',
    good: 'https://tunnel.example.org',
    meaning:
      'Tunnel server to use, or several with commas, of which the first that takes the session has it; empty: one in the process of `wingman share` itself.',
    schema: schemas.serverOrigins(HOST_LIMITS.servers),
  }),
  tunnelPort: setting({
    variable: 'TUNNEL_PORT',
    default: '8787',
    good: '8787',
    meaning: 'TCP port the tunnel server listens on; 0 takes any free one.',
    schema: schemas.integer(0, 65_535),
  }),
  isOnLan: setting({
    option: '--lan',
    flagMeaning:
      'Let phones and machines on this network in, by plain HTTP, and announce it there.',
    default: 'false',
    good: 'true',
    meaning:
      'Whether phones and machines on this network are let in, by plain HTTP, and told of it.',
    schema: schemas.flag,
  }),
  hasLanTls: setting({
    option: '--lan-tls',
    flagMeaning:
      'The same with the whole tunnel, for phones that trust a certificate of this machine.',
    default: 'false',
    good: 'true',
    meaning:
      'Whether the network is served by TLS, for phones that trust a certificate of this machine.',
    schema: schemas.flag,
  }),
  lanAddress: setting({
    option: '--lan-address <address>',
    default: '',
    good: '192.168.1.5',
    meaning: 'Address of this machine for --lan; empty: that of the network in use.',
    schema: z.union([z.ipv4(), z.ipv6()]),
  }),
  hostHeader: setting({
    variable: 'HOST_HEADER',
    option: '--host-header <name>',
    default: 'localhost',
    good: 'session',
    meaning:
      'What the app sees in Host: localhost, session (the public name) or a name of your own.',
    schema: hostName,
  }),
  name: setting({
    option: '--name <name>',
    default: '',
    good: 'my-app',
    meaning: `Keeps the session's URL over restarts: a-z, 0-9 and inner hyphens, at most ${MAX_LABEL_CHARS}.`,
    schema: schemas.text.refine(isSessionLabel),
  }),
  token: setting({
    variable: 'WINGMAN_TOKEN',
    option: '--token <token>',
    default: '',
    good: 'the token that the operator has given you',
    meaning: 'Token for a tunnel server that registers only hosts with one; it is never sent.',
    isSecret: true,
    schema: schemas.text,
  }),
  takeOver: setting({
    option: '--take-over',
    flagMeaning: 'Replace another host that shares under the same name.',
    default: 'false',
    good: 'true',
    meaning: 'Whether to replace another host that shares under the same name.',
    schema: schemas.flag,
  }),
  sharedBy: setting({
    variable: 'SHARED_BY',
    option: '--shared-by <name>',
    default: '',
    good: 'Ada, the checkout team',
    meaning: `Who shares, for viewers to read in the pill's details, at most ${LIMITS.sharedByChars} characters; the server can read it.`,
    schema: schemas.text.max(LIMITS.sharedByChars).regex(NO_CONTROLS),
  }),
  engine: setting({
    variable: 'WEBRTC_ENGINE',
    option: '--engine <name>',
    default: 'auto',
    good: 'auto',
    meaning: 'WebRTC engine of the host: auto, node-datachannel or wrtc.',
    schema: schemas.oneOf(ENGINE_CHOICES),
  }),
  mapsPorts: setting({
    variable: 'PORT_MAPPING',
    option: '--no-port-mapping',
    flagMeaning: 'Never ask the router for a port (UPnP, NAT-PMP, PCP), as is done in a terminal.',
    default: 'true',
    good: 'true',
    meaning:
      'Whether the router is asked for a port for each direct path (UPnP, NAT-PMP, PCP). Without a terminal it has to be set.',
    schema: schemas.flag,
  }),
  ingress: setting({
    variable: 'INGRESS',
    option: '--ingress <who>',
    default: 'key',
    good: 'key',
    meaning:
      'Who may use plain HTTP, which the server can read: key (who has the link, the token or a signed URL), open (who knows the host name) or off.',
    schema: schemas.oneOf(INGRESS_MODES),
  }),
  // What stands on a command line every user of the machine can read, so the option has no value.
  asksPassphrase: setting({
    option: '--passphrase',
    flagMeaning:
      'Viewers have to type a passphrase: the one in PASSPHRASE, or one that is made and printed.',
    default: 'false',
    good: 'true',
    meaning: 'Whether viewers have to type a passphrase.',
    schema: schemas.flag,
  }),
  passphrase: setting({
    variable: 'PASSPHRASE',
    default: '',
    good: 'some words that nobody guesses',
    meaning: `What viewers have to type before they see the app, ${MIN_PASSPHRASE_CHARS} to ${MAX_PASSPHRASE_CHARS} characters; empty: none, or one that is made (--passphrase).`,
    isSecret: true,
    schema: schemas.text.min(MIN_PASSPHRASE_CHARS).max(MAX_PASSPHRASE_CHARS),
  }),
  asksDeveloper: setting({
    variable: 'APPROVE',
    option: '--approve',
    flagMeaning: 'Let each viewer in by hand, in this terminal.',
    default: 'false',
    good: 'true',
    meaning: 'Whether each viewer waits until the developer lets them in by hand.',
    schema: schemas.flag,
  }),
  isReadOnly: setting({
    variable: 'READ_ONLY',
    option: '--read-only',
    flagMeaning: 'Refuse every request but GET, HEAD and OPTIONS; WebSockets pass.',
    default: 'false',
    good: 'true',
    meaning: 'Whether every request but GET, HEAD and OPTIONS is refused; WebSockets pass.',
    schema: schemas.flag,
  }),
  basicAuth: setting({
    variable: 'BASIC_AUTH',
    option: '--basic-auth <user:password>',
    default: '',
    good: 'me:correct-horse',
    isSecret: true,
    meaning:
      'User name and password, of at least 8 characters, that also let plain HTTP in. On the command line other users of this machine can see them.',
    schema: credentials,
  }),
  compresses: setting({
    variable: 'COMPRESSION',
    option: '--no-compression',
    flagMeaning: 'Never compress code on its way to viewers, as is done where the path is slow.',
    default: 'true',
    good: 'true',
    meaning: 'Whether code is compressed on its way to viewers where the path is slow.',
    schema: schemas.flag,
  }),
  pushes: setting({
    variable: 'PUSH',
    option: '--no-push',
    flagMeaning: 'Never ask the app ahead for what the code of a page imports.',
    default: 'true',
    good: 'true',
    meaning:
      'Whether what the code of a page imports is asked for ahead, and sent to viewers at a distance before their pages ask.',
    schema: schemas.flag,
  }),
  isTogether: setting({
    variable: 'TOGETHER',
    option: '--no-together',
    flagMeaning: 'Let no viewer lead others through the app, and tell none how many are here.',
    default: 'true',
    good: 'true',
    meaning: 'Whether viewers see how many are here, and may follow one of them through the app.',
    schema: schemas.flag,
  }),
  hasInspector: setting({
    variable: 'INSPECTOR',
    option: '--no-inspector',
    flagMeaning: 'Record nothing, and show no page of what passes at 127.0.0.1:4040.',
    default: 'true',
    good: 'true',
    meaning:
      'Whether what passes is recorded in memory and shown at 127.0.0.1, to this machine alone.',
    schema: schemas.flag,
  }),
  maxViewers: setting({
    variable: 'MAX_VIEWERS',
    option: '--max-viewers <n>',
    default: '8',
    good: '8',
    meaning: 'Viewers of one session at once.',
    schema: schemas.integer(1, 1_000),
  }),
  ...SHARED_SETTINGS,
};
