import type { Environment, LogLevel } from '@wingman/node-kit';
import { systemClock } from '@wingman/protocol';
import type { Logger } from 'pino';
import { isBuild, refusesColor, type ShareConfig } from '../config.js';
import type { PortHosts } from '../tunnel/port-hosts.js';
import { createLogger, isForeground } from './process.js';
import { jsonReporter, type ReadyInfo, type Reporter } from './reporter.js';
import { terminalReporter } from './terminal-reporter.js';
import { Keyboard } from './terminal/keyboard.js';
import { logText } from './terminal/log-text.js';
import { labelled, OutputScreen } from './terminal/screen.js';
import { sessionKeys } from './terminal/session-keys.js';
import { obeyVisitorCommands } from './visitor-commands.js';

/** How the session is to be shown. */
export interface ViewRequest {
  readonly config: ShareConfig;
  readonly json: boolean;
  readonly env: Environment;
  /** Its name among several that are shared at once; whoever is alone has none. */
  readonly app?: string;
}

/** Where a session is shown, and where it is told what to do. */
export interface View {
  readonly reporter: Reporter;
  readonly log: Logger;
  /** Takes keys or commands from now on; returns the function that ends this. */
  steer(hosts: PortHosts, info: ReadyInfo): () => void;
}

/** The view that was asked for: JSON for programs, or lines for people. */
export function createView(request: ViewRequest): View {
  return request.json ? programView(request) : personView(request);
}

function programView(request: ViewRequest): View {
  const { app } = request;
  const fields = app === undefined ? {} : { app };
  const reporter = jsonReporter((text) => void process.stdout.write(text), fields);
  const log = createLogger(request.config.logLevel);
  return { reporter, log, steer: (hosts) => obeyLines(request, hosts, reporter) };
}

function personView(request: ViewRequest): View {
  const { app, env } = request;
  const { stdin, stdout, stderr } = process;
  const isWatched = !isBuild(env);
  const isAlone = app === undefined;
  const hasKeys = isAlone && isWatched && stdin.isTTY && stdout.isTTY && isForeground();
  const color = stdout.isTTY && !refusesColor(env);
  const screen = new OutputScreen(stdout, { color, hasKeys, isWatched });
  const reporter = terminalReporter(isAlone ? screen : labelled(screen, app), systemClock);
  const read = (line: string): void => reporter.warned(logText(line));
  const log = createLogger(logLevelOf(request), stderr.isTTY ? read : undefined);
  const steer: View['steer'] = (hosts, info) =>
    hasKeys ? readKeys(hosts, info, { screen, reporter }) : obeyLines(request, hosts, reporter);
  return { reporter, log, steer };
}

function readKeys(
  hosts: PortHosts,
  info: ReadyInfo,
  { screen, reporter }: { screen: OutputScreen; reporter: Reporter },
): () => void {
  const stop = (): void => void process.kill(process.pid, 'SIGINT');
  const keyboard = new Keyboard({
    input: process.stdin,
    keys: sessionKeys({ info, hosts, screen, reporter, stop }),
    question: (text) => screen.question(text),
    interrupt: stop,
    suspend: () => {
      keyboard.stop();
      // All of the job, as a terminal does it: npx waits for us.
      process.kill(0, 'SIGTSTP');
    },
  });
  const resume = (): void => {
    if (isForeground()) keyboard.start();
  };
  process.on('SIGCONT', resume);
  keyboard.start();
  return () => {
    process.off('SIGCONT', resume);
    keyboard.stop();
  };
}

function obeyLines({ config }: ViewRequest, { main }: PortHosts, reporter: Reporter): () => void {
  if (!config.asksDeveloper) return () => undefined;
  obeyVisitorCommands(process.stdin, main.commons.entrance, reporter);
  return () => process.stdin.pause();
}

/** In the view for people only what matters is logged, unless more was asked for. */
function logLevelOf({ config: { logLevel }, env }: ViewRequest): LogLevel {
  const isAsked = logLevel !== 'info' || (env['LOG_LEVEL'] ?? '') !== '';
  return isAsked ? logLevel : 'warn';
}
