"""Runs one command for as long as standard input stays open, and never longer.

    python lifeline.py <command> <argument>...

The harness holds the other end of the pipe: however it ends (panic, Ctrl-C, kill), the pipe closes, and the command goes with everything
that it started.
"""

import os
import signal
import subprocess
import sys
import threading

# What a command may take to end by itself, in seconds.
GRACE = 3


def main():
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    over = threading.Event()
    threading.Thread(target=when_abandoned, args=(over,), daemon=True).start()
    threading.Thread(target=when_ended, args=(command, over), daemon=True).start()
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: over.set())
    over.wait()
    tell(command, signal.SIGTERM)
    over.clear()
    # Set again at once where the command itself had ended.
    ended = command.poll() is not None or over.wait(GRACE)
    # Whatever it started and left behind is in the same session.
    tell(command, signal.SIGKILL)
    os._exit(command.returncode or 0 if ended else 1)


def when_abandoned(over):
    while sys.stdin.buffer.read1(4096):
        pass
    over.set()


def when_ended(command, over):
    command.wait()
    over.set()


def tell(command, what):
    try:
        os.killpg(command.pid, what)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    main()
