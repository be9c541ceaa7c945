import { ConfigError } from '@wingman/node-kit';
import { adminOptions, readAdminSocket, tunnelServerOptions } from '@wingman/tunnel-server';
import { Argument, Command, Option } from 'commander';
import {
  environment,
  envTypos,
  refusesColor,
  shareConfig,
  shareOptions,
  type ShareConfig,
} from '../config.js';
import { ADMIN_ACTIONS, administer, type AdminAction } from './admin.js';
import { completionScript, SHELLS, type Shell } from './completion.js';
import { examine } from './doctor/doctor.js';
import { withHint } from './hints.js';
import { addSettings, typedSettings } from './options.js';
import { OWN_VERSION } from './own-version.js';
import { complain, complaint, ExitCode, explain, stopSignal } from './process.js';
import { localAddress } from '../settings.js';
import { serve } from './server.js';
import { readSessionLink } from './session-link.js';
import { share } from './share.js';
import { commandSource } from './source/command.js';
import { findDevServers, pickDevServer } from './source/dev-servers.js';
import { folderSource } from './source/folder.js';
import { mistaken } from './source/mistaken.js';
import { isFolder, portSource, type OpenSource } from './source/source.js';
import { signUrl, urlOptions } from './sign-url.js';
import { processTerminal } from './ask.js';
import { verify } from './verify.js';

/** What is no setting: it says how this one command speaks. */
interface OutputFlags {
  json?: boolean;
}

const NOBODY_TO_ASK = '<port> is missing. In a terminal, wingman alone offers what runs here.';
const FOR_PROGRAMS = 'One JSON object a line on stdout, for programs.';

const EXAMPLES = `
Examples:
  $ wingman                               share one of the dev servers that run
  $ wingman 3000                          share the app on port 3000
  $ wingman run -- npm run dev            start the app, and share it
  $ wingman ./dist                        share the files of a folder
  $ wingman up                            share the apps of wingman.config.json
  $ wingman 3000 --also 8080              and let it use its API on port 8080
  $ wingman share 3000 --name my-app      keep the URL over restarts
  $ wingman share 3000 --expires 30m --max-viewers 2
  $ wingman share 3000 --server https://tunnel.example.org
  $ wingman 3000 --lan                    and let phones on this network open it
  $ wingman discover                      list what others on this network share
  $ wingman url '<link>' --for webhook --expires 1d --path /hooks
  $ wingman verify https://<session>.tunnel.example.org/
  $ wingman server --host 0.0.0.0 --domain tunnel.example.org
  $ wingman admin sessions                list what that server has

Every option can also be an environment variable or a line in .env; see .env.example.`;

/** Runs the command line; resolves with the exit code, and never rejects. */
export async function run(args: readonly string[]): Promise<number> {
  let code: number = ExitCode.STOPPED;
  const program = createProgram((result) => (code = result));
  program.hook('preAction', () => {
    for (const typo of envTypos()) complain(typo);
  });
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
    .version(OWN_VERSION)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(wingman --help shows how)')
    .configureOutput({ outputError: (text, write) => write(complaint(withHint(text))) })
    .enablePositionalOptions()
    .exitOverride();
  addShare(program, done);
  addRun(program, done);
  addUp(program, done);
  addServer(program, done);
  addAdmin(program, done);
  addUrl(program, done);
  addVerify(program, done);
  addDoctor(program, done);
  addDiscover(program, done);
  addCompletion(program);
  return program;
}

function addShare(program: Command, done: (code: number) => void): void {
  const command = program
    .command('share', { isDefault: true })
    .description('share a local port or a folder (also just: wingman <port>)')
    .argument('[port]', 'port of the app here on localhost, a URL of it, or a folder of files')
    .allowExcessArguments();
  addSettings(command, shareOptions)
    .option('--json', FOR_PROGRAMS)
    .action(async (typed: string | undefined, flags: OutputFlags) => {
      demandOneApp(program, command.args);
      const stop = stopSignal();
      const what = typed ?? (await offered(flags, stop));
      if (what === undefined) return done(ExitCode.STOPPED);
      done(await shareSource(command, what, { ...flags, stop }));
    });
}

/** Names what is wrong with what was typed to be shared, where more can be said than that it is no port. */
function demandOneApp(program: Command, [first = '', second]: readonly string[]): void {
  const commands = program.commands.map((command) => command.name());
  const isApp = first === '' || isFolder(first) || localAddress.safeParse(first).success;
  const reason = isApp ? undefined : mistaken(first, commands);
  if (reason !== undefined) throw new ConfigError(reason);
  if (isApp && second !== undefined)
    throw new ConfigError(`${second || "''"} is too much: ${ONE_APP}`);
}

const ONE_APP =
  'one app has one session. wingman up shares several, and --also lets the pages of one use further ports.';

/** What the user picks of the servers that run here; undefined for none. */
async function offered(
  { json = false }: OutputFlags,
  stop: AbortSignal,
): Promise<string | undefined> {
  const terminal = json ? undefined : processTerminal();
  // The search asks every port for its first page. A script must not do that unasked.
  if (terminal === undefined) throw new ConfigError(NOBODY_TO_ASK);
  return (await pickDevServer(await findDevServers(), terminal, stop))?.toString();
}

function addRun(program: Command, done: (code: number) => void): void {
  const command = program
    .command('run')
    .description('start a command, wait until it listens on a port, and share that')
    .argument('<command...>', 'the command, behind --')
    .addOption(new Option('--port <port>', 'the port that it will listen on; else it is found'))
    .passThroughOptions();
  addSettings(command, shareOptions)
    .option('--json', FOR_PROGRAMS)
    .action(async (words: string[], { port, ...flags }: OutputFlags & { port?: string }) => {
      const wanted = port === undefined ? undefined : configOf(command, port).port;
      const open = commandSource(words, wanted);
      done(
        await shareSource(command, port ?? UNKNOWN_PORT, { ...flags, stop: stopSignal(), open }),
      );
    });
}

function addUp(program: Command, done: (code: number) => void): void {
  program
    .command('up')
    .description('share the apps that wingman.config.json names, each under a URL of its own')
    .argument('[names...]', 'which of them; else all')
    .option('--schema', 'Print the JSON schema of the file, for editors, and share nothing.')
    .option('--json', FOR_PROGRAMS)
    .action(async (names: string[], flags: OutputFlags & { schema?: boolean }) => {
      // Loaded only here: to describe the file takes longer than all else of a start.
      const { configFileSchema, up } = await import('./up/up.js');
      if (flags.schema === true) return void process.stdout.write(configFileSchema());
      const { json = false } = flags;
      const where = { directory: process.cwd(), env: environment() };
      done(await up({ ...where, names, json, stop: stopSignal() }));
    });
}

/** Stands for a port that is known once the source is there. */
const UNKNOWN_PORT = '1';

function configOf(command: Command, port: string): ShareConfig {
  return shareConfig({ ...typedSettings(command, shareOptions), port }, environment());
}

function shareSource(
  command: Command,
  what: string,
  { json = false, stop, open }: OutputFlags & { stop: AbortSignal; open?: OpenSource },
): Promise<number> {
  const folder = open === undefined && isFolder(what);
  const config = configOf(command, folder ? UNKNOWN_PORT : what);
  const source = open ?? (folder ? folderSource(what) : portSource(config.port));
  return share({ config, open: source, json, env: environment(), stop });
}

function addServer(program: Command, done: (code: number) => void): void {
  const command = program.command('server').description('run a tunnel server for many hosts');
  addSettings(command, tunnelServerOptions)
    .option('--json', FOR_PROGRAMS)
    .action(async ({ json = false }: OutputFlags) =>
      done(await serve(typedSettings(command, tunnelServerOptions), { json, env: environment() })),
    );
}

function addAdmin(program: Command, done: (code: number) => void): void {
  const command = program
    .command('admin')
    .description('list, end and ban on the tunnel server of this machine, or drain it')
    .addArgument(new Argument('<action>', 'what to do').choices(ADMIN_ACTIONS))
    .argument('[what]', 'the session, or for ban an address or a network too');
  addSettings(command, adminOptions)
    .option('--json', FOR_PROGRAMS)
    .action(async (action: AdminAction, what: string | undefined, flags: OutputFlags) => {
      const socket = readAdminSocket(typedSettings(command, adminOptions), environment());
      const lines = await administer({ action, what, socket, json: flags.json === true });
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
      done(ExitCode.STOPPED);
    });
}

function addUrl(program: Command, done: (code: number) => void): void {
  const command = program
    .command('url')
    .description(
      'sign a URL of a running session, for a webhook or another program without the key',
    )
    .argument('<link>', 'the whole link of the session, in quotes');
  addSettings(command, urlOptions).action(async (link: string) => {
    const url = await signUrl(link, typedSettings(command, urlOptions));
    process.stdout.write(`${url}\n`);
    done(ExitCode.STOPPED);
  });
}

function addVerify(program: Command, done: (code: number) => void): void {
  program
    .command('verify')
    .description("compare the page that a session's server serves with the one of this version")
    .argument('<url>', 'the URL of a session; the part after the # stays here')
    .action(async (url: string) => {
      const { isSame, lines } = await verify(url);
      process.stdout.write(`${lines.join('\n')}\n`);
      done(isSame ? ExitCode.STOPPED : ExitCode.FAILED);
    });
}

/** What the doctor looks at, of the options of `share`. */
const EXAMINED = ['server', 'stunServers', 'mapsPorts'];

function addDoctor(program: Command, done: (code: number) => void): void {
  const options = shareOptions.filter(({ setting }) => EXAMINED.includes(setting));
  const command = program
    .command('doctor')
    .description(
      'look at what sharing needs: machine, engines, port, server, clock, path MTU, STUN, NAT, router',
    );
  const toPeer =
    'Go to a session as a reviewer’s tab does, by both paths: its whole link, in quotes.';
  command.addOption(new Option('--peer <link>', toPeer));
  addSettings(command, options).action(async ({ peer }: { peer?: string }) => {
    if (peer !== undefined) readSessionLink(peer);
    const env = environment();
    const config = shareConfig({ ...typedSettings(command, options), port: UNKNOWN_PORT }, env);
    const { stdout } = process;
    const paper = { color: stdout.isTTY && !refusesColor(env), columns: stdout.columns };
    const isWell = await examine({ ...config, peer }, (text) => void stdout.write(text), paper);
    done(isWell ? ExitCode.STOPPED : ExitCode.FAILED);
  });
}

function addDiscover(program: Command, done: (code: number) => void): void {
  const options = shareOptions.filter(({ setting }) => setting === 'lanAddress');
  const command = program
    .command('discover')
    .description('list what others on this network share with --lan, for three seconds');
  addSettings(command, options)
    .option('--json', FOR_PROGRAMS)
    .action(async ({ json = false }: OutputFlags) => {
      const given = { ...typedSettings(command, options), port: UNKNOWN_PORT, isOnLan: 'true' };
      const { lanAddress: address } = shareConfig(given, {});
      const write = (text: string): void => void process.stdout.write(text);
      const { discover } = await import('./lan/discover.js');
      const { columns } = process.stdout;
      await discover({ address, json, write, columns, stop: stopSignal() });
      done(ExitCode.STOPPED);
    });
}

function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the script by which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action((shell: Shell) => void process.stdout.write(completionScript(shell, program)));
}
