import type { Visit } from './visit.js';

/** A shell command, run in the folder that holds the app's own; or files of the app, path by path. */
export type Step = string | Readonly<Record<string, string>>;

/** A change of a source file, and the text the page shows for it, before and after. */
export interface Edit {
  /** What is edited, in two or three words for the table. */
  readonly what: string;
  readonly file: string;
  /** Part of the file. */
  readonly from: string;
  readonly to: string;
  /** Seen in the page; as the file has it unless told. */
  readonly before?: string;
  readonly after?: string;
}

/** Ports of one started app. */
export interface Ports {
  /** The one that is shared. */
  readonly app: number;
  /** For a second server of the app. */
  readonly api: number;
}

/** Something the framework can do, tried on localhost and through the tunnel alike. */
interface Check {
  /** Two or three words for the table. */
  readonly what: string;
  /** Rejects when it does not work. What it resolves with is to be the same as on localhost. */
  run(visit: Visit, ports: Ports): Promise<unknown>;
}

/** One row of the matrix: how such an app is made, started and edited, as its own documentation says. */
export interface Framework {
  /** For `--only`, and the app's folder. */
  readonly name: string;
  readonly title: string;
  /** Packages whose versions the table states; the first has the framework's name. */
  readonly packages: readonly string[];
  /** Shell command that prints the version of what is not a package of npm. */
  readonly version?: string;
  /** Makes the app in a folder of the row's name. */
  readonly scaffold: readonly Step[];
  /** Shell command, run in the app's folder. */
  start(ports: Ports): string;
  /** Arguments for `wingman` beside the port. */
  shareArgs?(ports: Ports): string[];
  /** It has frames or requests of plain http, which WebKit lets no page by https have. */
  readonly framesHttp?: boolean;
  /** Why it can't do by plain HTTP what it does through a tunnel. */
  readonly needsTunnel?: string;
  /** Path and query to open; `/` unless told. */
  readonly path?: string;
  /** Text of the rendered page. */
  readonly shows: string;
  /** A button in the page that shows `Count is N`: the component state that an edit must keep. */
  readonly counter?: string;
  readonly edits: readonly Edit[];
  readonly checks?: readonly Check[];
  /** Console errors that the framework's own short time limits give on a slow machine, on localhost too. */
  readonly slowErrors?: RegExp;
  /** What a reader of the table should know. */
  readonly notes?: readonly string[];
}
