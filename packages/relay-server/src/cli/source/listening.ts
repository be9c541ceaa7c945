import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A TCP socket that listens where this machine itself can reach it. */
export interface Listening {
  readonly port: number;
  readonly uid: number;
  /** The kernel's number of the socket, by which its process is found. */
  readonly inode: string;
}

/** Addresses as Linux writes them: of loopback (127.0.0.0/8, ::1, both in IPv6 form), and all. */
const REACHABLE = /^(?:[0-9A-F]{6}7F|0{8}|0{32}|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;
const LISTEN = '0A';

/** What listens on this machine; undefined where the system has no /proc to tell it. */
export function listeningSockets(proc = '/proc'): Listening[] | undefined {
  try {
    const four = readFileSync(`${proc}/net/tcp`, 'latin1');
    return [...socketsOf(four), ...socketsOf(read(`${proc}/net/tcp6`))];
  } catch {
    return undefined;
  }
}

function socketsOf(table: string): Listening[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , uid, , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTEN || !REACHABLE.test(address)) return [];
    return [{ port: parseInt(port, 16), uid: Number(uid), inode }];
  });
}

/** The sockets that processes have open, by the kernel's number, with one process each. */
export function socketOwners(processes: readonly string[], proc = '/proc'): Map<string, string> {
  const owners = new Map<string, string>();
  for (const process of processes) {
    for (const link of linksIn(`${proc}/${process}/fd`)) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(link) ?? [];
      if (inode !== undefined) owners.set(inode, process);
    }
  }
  return owners;
}

/** The processes there are. */
export function allProcesses(proc = '/proc'): string[] {
  return namesIn(proc).filter((name) => /^\d+$/.test(name));
}

/** Those that a process with a session of its own has started, with itself (setsid(2)). */
export function processesOf(session: number, proc = '/proc'): string[] {
  return allProcesses(proc).filter((process) => {
    const stat = read(`${proc}/${process}/stat`);
    // Behind the name, which may have blanks: state, parent, group, session.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3] === String(session);
  });
}

// Processes come and go, and those of others don't show their files.

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linksIn(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/${name}`)];
    } catch {
      return [];
    }
  });
}
