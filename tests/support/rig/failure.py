"""What goes wrong on the way has a step's name and, where a program is to blame, the end of its log."""
import os
import sys
import time

LOG_TAIL_LINES = 25
POLL_S = 0.05


class StepFailed(Exception):
    def __init__(self, text, log=None):
        super().__init__(text)
        self.log = log


class CannotRun(Exception):
    """This machine lacks a partner: exit status 77."""


def log_tail(path):
    if not path or not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()[-LOG_TAIL_LINES:]
    return "\n".join([f"--- the end of {path}:"] + lines) if lines else f"--- {path} is empty"


def wait_until(condition, timeout_s, what, log=None):
    """Returns the first true value of condition(); conditions look at sockets, files and processes that have no common event to wait for."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise StepFailed(f"{what}: not within {timeout_s} s", log)
        time.sleep(POLL_S)


def say(text):
    print(text, file=sys.stderr, flush=True)
