"""Child processes with their logs: whatever was started is stopped, in reverse order, on every way out."""
import ctypes
import os
import signal
import subprocess

from .failure import StepFailed

STOP_TIMEOUT_S = 5
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """Even when we are killed without a chance to stop anything."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    def __init__(self, name, argv, log, **options):
        self.name = name
        self.log = log
        with open(log, "ab") as file:
            # A session of its own, so that a Ctrl-C at the terminal reaches us alone and we stop things in order.
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=options.pop("stdout", file), stderr=file,
                                            start_new_session=True, preexec_fn=die_with_parent, **options)

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def require_running(self):
        if not self.is_running():
            raise StepFailed(f"{self.name} ended with status {self.process.returncode}", self.log)

    def stop(self, number=signal.SIGTERM):
        """Asks, waits, then insists. Returns the exit status."""
        if self.is_running():
            self.process.send_signal(number)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


class Children:
    def __init__(self, directory):
        self.directory = directory
        self.children = []

    def log_path(self, name):
        return os.path.join(self.directory, name + ".log")

    def start(self, name, argv, **options):
        try:
            child = Child(name, argv, self.log_path(name), **options)
        except FileNotFoundError as error:
            raise StepFailed(f"cannot start {name}: {argv[0]} is not there") from error
        self.children.append(child)
        return child

    def stop_all(self, but=0):
        """All but the first `but`."""
        while len(self.children) > but:
            self.children.pop().stop()
