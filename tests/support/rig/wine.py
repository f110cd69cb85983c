"""A Windows desktop under Wine: one prefix for all of the label, an X server of its own for each run."""
import fcntl
import os
import shutil
import subprocess
import tempfile

from .display import Display
from .failure import CannotRun, StepFailed

SCREEN = (1280, 800)
PREFIX_TIMEOUT_S = 180
PROGRAM_TIMEOUT_S = 60


def windows_path(path):
    """Wine shows the host's file system as drive Z:."""
    return "Z:" + os.path.abspath(path).replace("/", "\\")


class Wine:
    def __init__(self, children, build_directory, size=SCREEN):
        if not shutil.which("wine"):
            raise CannotRun("wine is not installed")
        self.children = children
        self.programs = os.path.join(build_directory, "windows")
        if not os.path.exists(self.program("guest/windows/transom-agent.exe")):
            raise CannotRun("the Windows programs are not built: MinGW-w64 or directx-headers is missing")
        self.prefix = os.path.abspath(os.path.join(build_directory, "wine-prefix"))
        self.display = Display(children, "xvfb-wine", f"{size[0]}x{size[1]}x24")
        self.environment = dict(self.display.environment, WINEPREFIX=self.prefix, WINEARCH="win64",
                                WINEDEBUG=os.environ.get("WINEDEBUG", "-all"),
                                WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=")  # fmt: skip
        self.lock = self.lock_prefix()
        self.end_server()  # of a run that was killed
        self.make_prefix()
        self.boot()

    def lock_prefix(self):
        """One run at a time: a prefix has one desktop."""
        lock = open(self.prefix + ".lock", "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def make_prefix(self):
        ready = os.path.join(self.prefix, "made-by-transom")
        if os.path.exists(ready):
            return
        shutil.rmtree(self.prefix, ignore_errors=True)
        status, output = self.call(["wine", "wineboot", "-i"], PREFIX_TIMEOUT_S)
        if status != 0:
            raise StepFailed(f"wineboot ended with status {status}: {output}")
        self.end_server()
        with open(ready, "w", encoding="ascii"):
            pass

    def boot(self):
        """Services and drivers stay from the first test to the last: without -p they end two seconds after the last program did."""
        for argv in (["wineserver", "-p"], ["wine", "wineboot"]):
            if self.call(argv, PREFIX_TIMEOUT_S)[0] != 0:
                raise StepFailed(f"{' '.join(argv)} failed")

    def end_server(self):
        """Ends every program of this prefix, and of no other."""
        if os.path.isdir(self.prefix):
            self.call(["wineserver", "-k"], PROGRAM_TIMEOUT_S)
            self.call(["wineserver", "-w"], PROGRAM_TIMEOUT_S)

    def finish(self):
        self.end_server()
        self.lock.close()

    def program(self, path):
        return os.path.join(self.programs, path)

    def call(self, argv, timeout_s):
        """(status, output). Not by a pipe: the prefix's services inherit it, and nobody would see its end."""
        with tempfile.TemporaryFile() as file:
            try:
                status = subprocess.run(argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                        timeout=timeout_s, check=False).returncode  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise StepFailed(f"{' '.join(argv)}: not done after {timeout_s} s") from error
            file.seek(0)
            return status, file.read().decode(errors="replace").replace("\r", "")

    def run(self, path, *arguments, timeout_s=PROGRAM_TIMEOUT_S):
        """A program of the build, to its end: (status, output)."""
        return self.call(["wine", self.program(path), *map(str, arguments)], timeout_s)

    def require(self, path, *arguments, timeout_s=PROGRAM_TIMEOUT_S):
        """The output of a program that must end well."""
        status, output = self.run(path, *arguments, timeout_s=timeout_s)
        if status != 0:
            raise StepFailed(f"{path} {' '.join(map(str, arguments))}: status {status}: {output.strip()}")
        return output

    def start(self, name, path, *arguments, **options):
        """The Unix process is the Windows one: killing it kills that."""
        argv = ["wine", self.program(path), *map(str, arguments)]
        return self.children.start(name, argv, env=self.environment, **options)
