import { ConfigError, packageVersion } from '@wingman/node-kit';
import { Command, CommanderError } from 'commander';
import { environment, shareConfig, type ShareGiven } from '../config.js';
import { ExitCode } from './process.js';
import { serve, type ServerFlags } from './server.js';
import { share } from './share.js';

interface ShareFlags {
  also?: string[];
  server?: string;
  name?: string;
  expires?: string;
  maxViewers?: string;
  linkGrace?: string;
  p2p: boolean;
  p2pTimeout?: string;
  stun?: string;
  engine?: string;
  ingress: boolean;
  json?: boolean;
  logLevel?: string;
}

const EXAMPLES = `
Examples:
  $ wingman 3000                          share the app on port 3000
  $ wingman 3000 --also 8080              and let it use its API on port 8080
  $ wingman share 3000 --name my-app      keep the URL over restarts
  $ wingman share 3000 --expires 30m --max-viewers 2
  $ wingman share 3000 --server https://tunnel.example.org
  $ wingman server --host 0.0.0.0 --domain tunnel.example.org

Every option can also be an environment variable or a line in .env; see .env.example.`;

/** Runs the command line; resolves with the exit code, and never rejects. */
export async function run(args: readonly string[]): Promise<number> {
  let code: number = ExitCode.STOPPED;
  const program = createProgram((result) => (code = result));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error);
  }
}

function createProgram(done: (code: number) => void): Command {
  const program = new Command('wingman')
    .description("Shares an app on this machine's localhost with a reviewer's browser.")
    .version(packageVersion(new URL('../../package.json', import.meta.url)))
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(wingman --help shows how)')
    .exitOverride();
  addShare(program, done);
  addServer(program, done);
  return program;
}

function addShare(program: Command, done: (code: number) => void): void {
  program
    .command('share', { isDefault: true })
    .description('share a local port (also just: wingman <port>)')
    .argument('<port>', 'port the app listens on, here on localhost')
    .option('--also <port>', "let the app's pages use this local port too; repeatable", collect)
    .option('--server <url>', 'tunnel server (default: one in this process)')
    .option('--name <name>', "keep the session's URL over restarts under this name")
    .option('--expires <time>', 'end the session after this time, e.g. 30m or 2h (default: 8h)')
    .option('--max-viewers <n>', 'viewers at once (default: 8)')
    .option(
      '--link-grace <time>',
      'how long a tab whose network is away is waited for (default: 60s)',
    )
    .option('--no-p2p', 'never connect directly: everything over the relay, sealed')
    .option('--p2p-timeout <ms>', 'give a direct path this long to come up (default: 10000)')
    .option('--stun <urls>', 'further STUN servers, separated by commas')
    .option('--engine <name>', 'WebRTC engine: auto, node-datachannel or wrtc (default: auto)')
    .option('--no-ingress', 'refuse plain HTTP clients, whose traffic the server can read')
    .option('--json', 'one JSON object a line on stdout, for programs')
    .option('--log-level <level>', 'what is logged on stderr: error, warn, info, debug …')
    .action(async (port: string, flags: ShareFlags) => {
      const env = environment();
      const { json = false, ingress } = flags;
      done(await share({ config: shareConfig(given(port, flags), env), json, ingress, env }));
    });
}

function addServer(program: Command, done: (code: number) => void): void {
  program
    .command('server')
    .description('run a tunnel server for many hosts')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <port>', 'port to listen on (default: 8787)')
    .option('--domain <domain>', 'sessions are <session>.<domain> (default: localhost)')
    .option('--public-url <url>', "the server's own origin as browsers see it")
    .option('--stun <urls>', 'further STUN servers, separated by commas')
    .option('--stun-port <port>', 'UDP port of the embedded STUN responder')
    .option('--turn <urls>', 'TURN servers, separated by commas; needs TURN_SECRET')
    .option('--expires <time>', 'longest life of a session (default: 8h)')
    .option('--max-sessions <n>', 'sessions at once (default: 1000)')
    .option('--max-viewers <n>', 'viewers of one session at once (default: 8)')
    .option(
      '--link-grace <time>',
      'how long a tab whose network is away is waited for (default: 60s)',
    )
    .option('--no-p2p', 'relay only')
    .option('--p2p-timeout <ms>', 'time for a direct path to come up (default: 10000)')
    .option('--trust-proxy', 'believe X-Forwarded-For and X-Forwarded-Proto')
    .option('--json', 'one JSON object a line on stdout, for programs')
    .option('--log-level <level>', 'what is logged on stderr: error, warn, info, debug …')
    .action(async (flags: ServerFlags) => done(await serve(flags, environment())));
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function given(port: string, flags: ShareFlags): Required<ShareGiven> {
  return {
    port,
    alsoPorts: flags.also?.join(','),
    server: flags.server,
    name: flags.name,
    sessionTtlMs: flags.expires,
    maxViewers: flags.maxViewers,
    linkGraceMs: flags.linkGrace,
    p2pEnabled: flags.p2p ? undefined : 'false',
    p2pTimeoutMs: flags.p2pTimeout,
    stunServers: flags.stun,
    turnUrls: undefined,
    turnSecret: undefined,
    engine: flags.engine,
    logLevel: flags.logLevel,
  };
}

function explain(error: unknown): number {
  // Commander has written its own message (or the help that was asked for).
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.USAGE;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`wingman: ${message}\n`);
  return error instanceof ConfigError ? ExitCode.USAGE : ExitCode.FAILED;
}
