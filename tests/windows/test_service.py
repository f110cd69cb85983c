"""The installer, the service and its worker, on the fake driver: installed silently, killed, restarted, stopped, upgraded, seen by the Linux
viewer, and gone without a trace."""
import glob
import json
import os
import re
import shutil
import signal

from rig.display import Display
from rig.failure import CannotRun, StepFailed, wait_until
from rig.region import RegionFile
from rig.wine import windows_path
from test_desktop import DRIVER, DRIVER_SETUP, WINDOW, kernel_path

SETUP = "transom-guest-setup.exe"
STATE_TIMEOUT_S = 60
LOG_BYTES = 1 << 20
# NSIS's uninstaller runs from a copy in a directory of its own, and asks Windows to remove that at the next start. Console, and the classes
# of displays and monitors: Wine's own affairs.
NOT_OURS = re.compile(r"users/[^/]+/(AppData/Local/)?Temp/~?ns\w*(\.tmp)?(/.*)?$|\"PendingFileRenameOperations\"$|^user\.reg Console\b|"
                      r"Control\\\\Class\\\\\{4D36E96[8E]-")  # fmt: skip


class Service:
    """The installed agent; made once, by the first test."""

    def __init__(self, rig):
        self.rig, self.wine = rig, rig.wine
        if not os.path.exists(self.wine.program(SETUP)):
            raise CannotRun("the installer is not built: NSIS is missing")
        drive = os.path.join(self.wine.prefix, "drive_c")
        self.programs = os.path.join(drive, "Program Files", "Transom")
        self.data = os.path.join(drive, "ProgramData", "Transom")
        self.agent = os.path.join(self.programs, "transom-agent.exe")
        self.remove_old()
        self.region_path = rig.region_path("service", 64)
        self.region = RegionFile(self.region_path)
        self.install_driver()
        self.before = self.snapshot()
        self.install_driver()  # the snapshot ended it
        os.makedirs(self.data)
        self.configure("source = test-card\nrate = 30\n")
        self.setup()

    def install_driver(self):
        self.wine.run(DRIVER_SETUP, "uninstall")
        self.wine.require(DRIVER_SETUP, "install", windows_path(self.wine.program(DRIVER)), 2, kernel_path(self.region_path))

    def remove_old(self):
        """Of a run that was killed; and the directories of earlier uninstallers, which Wine never removes and which have nine names."""
        for directory in glob.glob(os.path.join(self.wine.prefix, "drive_c", "users", "*", "**", "~nsu*.tmp"), recursive=True):
            shutil.rmtree(directory, ignore_errors=True)
        if os.path.exists(self.agent):
            self.wine.run(self.agent, "uninstall")
            self.uninstall()
        shutil.rmtree(self.data, ignore_errors=True)

    def configure(self, text):
        with open(os.path.join(self.data, "agent.conf"), "w", encoding="ascii") as file:
            file.write("[agent]\n" + text)

    def setup(self):
        self.wine.require(SETUP, "/S", timeout_s=STATE_TIMEOUT_S)

    def uninstall(self):
        """The uninstaller goes on in a copy of itself."""
        self.wine.require(os.path.join(self.programs, "uninstall.exe"), "/S")
        wait_until(lambda: not os.path.exists(self.programs), STATE_TIMEOUT_S, "the uninstaller removes its directory")

    def net(self, verb):
        return self.wine.call(["wine", "net", verb, "TransomAgent"], STATE_TIMEOUT_S)

    def status(self):
        _, output = self.wine.run(self.agent, "status", "--json")
        lines = [line for line in output.splitlines() if line.startswith("{")]
        if not lines:
            raise StepFailed(f"status --json printed no JSON: {output}")
        return json.loads(lines[-1])

    def log(self, name):
        try:
            with open(os.path.join(self.data, name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait(self, condition, what):
        try:
            wait_until(condition, STATE_TIMEOUT_S, what)
        except StepFailed as failure:
            raise StepFailed(f"{failure}\n{self.log('service.log')}\n{self.log('agent.log')}") from failure

    def wait_for_picture(self, than=None):
        """A frame of another epoch than `than`."""
        self.wait(lambda: self.region.epoch() not in (0, than) and self.region.newest_sequence(), "the worker publishes")

    def processes(self, word):
        """Unix processes of this prefix whose command line has `word`: Wine's are the Windows ones."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    line = file.read()
                with open(f"/proc/{pid}/environ", "rb") as file:
                    prefix = f"WINEPREFIX={self.wine.prefix}".encode() in file.read().split(b"\0")
            except OSError:
                continue
            if prefix and b"transom-agent.exe" in line.lower() and word.encode() in line and b"wine" not in line.split(b"\0")[0]:
                found.append(int(pid))
        return found

    def workers(self):
        return self.processes("--stop-event")

    def one_worker(self):
        workers = self.workers()
        if len(workers) != 1:
            raise StepFailed(f"{len(workers)} workers\n{self.log('service.log')}")
        return workers[0]

    def snapshot(self):
        """Files of the prefix and lines of its registry, at rest and after a start, so that what Wine itself adds is in both."""
        self.wine.call(["wine", "cmd", "/c", "ver"], STATE_TIMEOUT_S)
        self.wine.end_server()  # writes the registry
        self.wine.boot()
        return {thing for thing in self.files() | self.registry() if not NOT_OURS.search(thing)}

    def files(self):
        drive = os.path.join(self.wine.prefix, "drive_c")
        paths = (os.path.relpath(os.path.join(top, name), drive) for top, directories, names in os.walk(drive) for name in directories + names)
        return set(paths)

    def registry(self):
        """key\\name of each value; the times and numbers in them are Wine's own affair."""
        lines, key = set(), ""
        for name in ("system.reg", "user.reg"):
            with open(os.path.join(self.wine.prefix, name), encoding="ascii", errors="replace") as file:
                for line in file:
                    if line.startswith("["):
                        key = line[1 : line.index("]")]
                        lines.add(f"{name} {key}")
                    elif line.startswith(('"', "@")):
                        lines.add(f"{name} {key} {line.split('=')[0]}")
        return lines


def service(rig):
    if not hasattr(rig, "service"):
        rig.service = None  # a second try would fail like the first
        rig.service = Service(rig)
    if rig.service is None:
        raise StepFailed("the service could not be set up")
    return rig.service


def installer_starts_service_and_worker(rig):
    it = service(rig)
    it.wait_for_picture()
    status = it.status()
    assert status["service"] == "running" and status["worker_pid"] > 0 and status["session"] >= 0, status
    assert status["agent_state"] == "running" and "1280x800 by test-card" in status["agent_text"], status
    it.one_worker()
    output = it.wine.require(it.agent, "driver")
    assert "works, 1 device, 1 of them" in output, output


def killed_worker_comes_back(rig):
    it = service(rig)
    it.wait_for_picture()
    for _ in range(3):
        epoch, starts = it.region.epoch(), it.status()["starts"]
        os.kill(it.one_worker(), signal.SIGKILL)
        it.wait_for_picture(epoch)
        status = it.status()
        assert status["starts"] == starts + 1 and status["worker_pid"] > 0, status
        it.one_worker()


def second_start_is_refused(rig):
    it = service(rig)
    epoch, worker = it.region.epoch(), it.one_worker()
    _, output = it.net("start")
    assert "already" in output, output
    status, _ = it.wine.run(it.agent, "run", "--stop-event", "Global\\TransomStop-none")
    assert status == 1, status
    text = it.log("agent.log")
    assert "the service has a worker already" in text and "TransomStop-none" not in text, text  # the latter: it went on
    assert it.one_worker() == worker and it.region.epoch() == epoch, "the worker was disturbed"


def killed_service_takes_its_worker(rig):
    it = service(rig)
    epoch = it.region.epoch()
    (pid,) = it.processes("service")
    os.kill(pid, signal.SIGKILL)
    it.wait(lambda: not it.workers(), "the worker ends with its service")
    it.net("start")
    it.wait_for_picture(epoch)
    it.one_worker()


def stopped_service_takes_its_worker(rig):
    """By its wish, not by a kill: the worker says goodbye, and zeroes its epoch."""
    it = service(rig)
    it.net("stop")
    it.wait(lambda: not it.workers() and not it.processes("service"), "service and worker end")
    assert it.region.epoch() == 0, "the worker did not say goodbye"
    assert "killed" not in it.log("service.log"), it.log("service.log")
    status, output = it.wine.run(it.agent, "status")
    assert status == 1 and "service: stopped" in output and "worker: none" in output, (status, output)


def faulty_settings_are_said(rig):
    it = service(rig)
    with open(os.path.join(it.data, "agent.conf"), encoding="ascii") as file:
        good = file.read()
    it.configure("rate = fast\n")
    it.net("start")
    it.wait(lambda: "ended with 2; the next one starts in 30" in it.log("service.log"), "the service waits for better settings")
    assert "agent.conf:2: rate is a number from" in it.log("agent.log"), it.log("agent.log")
    assert "agent.conf:2: rate is a number from" in it.wine.run(it.agent, "status")[1]
    it.net("stop")
    it.configure(good.replace("[agent]\n", ""))


def log_is_bounded(rig):
    """A full log makes room by itself, and no more than three old ones are kept."""
    it = service(rig)
    path = os.path.join(it.data, "agent.log")
    for age in range(4):
        with open(f"{path}.{age}" if age else path, "w", encoding="ascii") as file:
            file.write(f"old {age}\n".ljust(LOG_BYTES, "x"))
    it.net("start")
    it.wait(lambda: "formatted" in it.log("agent.log"), "the worker logs")
    assert sorted(name for name in os.listdir(it.data) if name.startswith("agent.log")) == ["agent.log"] + [f"agent.log.{i}" for i in (1, 2, 3)]
    assert os.path.getsize(path) < LOG_BYTES / 2
    assert [it.log(f"agent.log.{i}")[:5] for i in (1, 2, 3)] == ["old 0", "old 1", "old 2"]


def viewer_shows_what_the_service_captures(rig):
    """From the installed service to the Linux viewer under another X server: its window is Wine's desktop, pixel by pixel."""
    it = service(rig)
    it.net("stop")
    it.configure("source = gdi\n")
    it.net("start")
    it.wait_for_picture(0)
    window = rig.wine.start("desk", WINDOW, "desk", 200, 150, 200, 160)
    rig.wine.display.wait_for_window(window, "desk")
    rig.wine.display.do("mousemove", "260", "230")  # where the window hides the cursor
    display = Display(rig.children, "xvfb-service-viewer")
    viewer = rig.children.start("service-viewer", [os.path.join(rig.build_directory, "host/cli/transom"), "view", "--region", it.region_path,
                                                   "--renderer", "sdl"], env=display.environment)  # fmt: skip
    shown = display.wait_for_window(viewer)

    def equal():
        viewer.require_running()
        truth = rig.wine.display.read_screen()
        return len(set(truth.pixels)) > 8 and display.read_window(shown).wrong_pixels(truth) == 0

    it.wait(equal, "the viewer's window equals Wine's desktop, 0 wrong pixels")
    viewer.stop()
    window.stop()


def newer_version_replaces_older(rig):
    """Installed over the running service: new files, the same settings, one worker."""
    it = service(rig)
    it.wait_for_picture()
    epoch = it.region.epoch()
    with open(os.path.join(it.programs, "README.txt"), "w", encoding="ascii") as file:
        file.write("of an older version")
    it.setup()
    with open(os.path.join(it.programs, "README.txt"), encoding="ascii") as file:
        assert "of an older version" not in file.read()
    it.wait_for_picture(epoch)
    it.one_worker()


def uninstall_leaves_nothing(rig):
    it = service(rig)
    it.uninstall()
    assert not it.workers() and not it.processes("service"), "something still runs"
    after = it.snapshot()
    added, missing = sorted(after - it.before), sorted(it.before - after)
    assert not added, f"{len(added)} things are left: {added[:10]}"
    assert not missing, f"{len(missing)} things are gone that were there before: {missing[:10]}"
    it.wine.run(DRIVER_SETUP, "uninstall")


TESTS = [
    installer_starts_service_and_worker,
    killed_worker_comes_back,
    second_start_is_refused,
    killed_service_takes_its_worker,
    stopped_service_takes_its_worker,
    faulty_settings_are_said,
    log_is_bounded,
    viewer_shows_what_the_service_captures,
    newer_version_replaces_older,
    uninstall_leaves_nothing,
]
