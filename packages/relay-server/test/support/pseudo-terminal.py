"""Runs a command in a pseudo-terminal: pseudo-terminal.py COLUMNS ROWS COMMAND...

What comes on standard input is typed, and what the terminal shows goes to standard output. Ends as the command does.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios


def main(columns, rows, command):
    child, terminal = pty.fork()
    if child == 0:
        # Before the command reads the size.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvp(command[0], command)
    typed = [0]
    while True:
        ready, _, _ = select.select([terminal, *typed], [], [])
        if terminal in ready:
            try:
                shown = os.read(terminal, 65536)
            except OSError:
                # Linux says so when the last process has left the terminal.
                break
            if not shown:
                break
            os.write(1, shown)
        if 0 in ready:
            keys = os.read(0, 4096)
            if keys:
                os.write(terminal, keys)
            else:
                typed = []
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    code = main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    sys.exit(code if code >= 0 else 128 - code)
