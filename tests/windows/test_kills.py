"""The agent killed at random points while `transom view` shows it, by SDL and by Vulkan at once. The witness is another X client that reads both
windows again and again: each picture is one whole frame of the test card, or one that the viewer darkened because nobody answers."""
import json
import os
import random
import signal
import time

from rig.display import Display
from rig.failure import wait_until
from rig.region import RegionFile
from rig.wine import windows_path

AGENT = "guest/windows/transom-agent.exe"
KILLS_LONG = 1000
TIMEOUT_S = 60
SIZE, DAMAGE = "640x480", 40
RENDERERS = ("sdl", "vulkan")
SHOWN_SHARE, SHOWN_S, STARTING_S = 0.8, 0.05, 0.6
REFUSED_MAX = 3


class Window:
    """A viewer, and what another X client sees of its window."""

    def __init__(self, rig, display, region, renderer, left):
        viewer = os.path.join(rig.build_directory, "host/cli/transom")
        self.viewer = rig.children.start(f"viewer-{renderer}", [viewer, "view", "--region", region, "--renderer", renderer],
                                         env=display.environment)  # fmt: skip
        self.window = display.wait_for_window(self.viewer)
        display.do("windowmove", "--sync", self.window, str(left), "0")  # what is covered cannot be read
        self.directory = os.path.join(rig.directory, f"window-{renderer}")
        os.mkdir(self.directory)
        self.path = os.path.join(self.directory, "pictures.json")

    def read(self, rig, display):
        """From now on."""
        with open(self.path, "wb") as output:
            argv = [os.path.join(os.path.abspath(rig.build_directory), "tests/windows/watch_window"), display.environment["DISPLAY"], self.window, SIZE,
                    str(DAMAGE)]  # fmt: skip
            self.watch = rig.children.start("watch-window", argv, stdout=output, cwd=self.directory)

    def counts(self):
        """After the newest picture; zeros before the first."""
        self.viewer.require_running()
        self.watch.require_running()
        with open(self.path, "rb") as file:
            file.seek(max(0, os.path.getsize(self.path) - 2048))
            lines = [line for line in file.read().split(b"\n")[:-1] if line.startswith(b"{")]
        counts = json.loads(lines[-1]) if lines else {"looks": 0, "is": "nothing", "changes": 0, "wrong": 0}
        assert counts["wrong"] == 0, f"a picture is no frame of the card: {counts}, see {self.directory}/fault.ppm"
        return counts

    def stop(self):
        counts = self.counts()
        self.watch.stop()
        self.viewer.stop()
        return counts


class Guest:
    """The agent, which lives again after each kill."""

    def __init__(self, rig, region, chance):
        self.rig, self.region, self.chance = rig, region, chance
        self.refused = 0  # starts that ended before our first line of code: an agent of ours says why it ends, Wine with WINEDEBUG=-all does not
        self.start()

    def start(self):
        self.agent = self.rig.wine.start("agent-kills", AGENT, "run", "--region", windows_path(self.region), "--log-level", "warning", "--source",
                                         "test-card", "--size", SIZE, "--damage", str(DAMAGE), "--rate", str(self.chance.choice((0, 60))))  # fmt: skip

    def require_running(self):
        if not self.agent.is_running() and self.agent.process.returncode == 1 and os.path.getsize(self.agent.log) == 0 and self.refused < REFUSED_MAX:
            self.refused += 1
            self.start()
        self.agent.require_running()

    def kill(self):
        self.agent.stop(signal.SIGKILL)


def shows_news(windows, than, guest):
    """Each window shows whole pictures, of other frames than before; of the dead agent's at most one more could come."""

    def look():
        guest.require_running()
        counts = [window.counts() for window in windows]
        return all(now["is"] == "whole" and now["changes"] >= before["changes"] + 2 for now, before in zip(counts, than, strict=True))

    wait_until(look, TIMEOUT_S, "the picture is back in every window", windows[0].viewer.log)


def pass_moment(most_s, chance):
    end_s = time.monotonic() + chance.random() * most_s
    wait_until(lambda: time.monotonic() >= end_s, TIMEOUT_S, "a moment at random")


def window_shows_whole_frames_whatever_dies(rig):
    """Most agents are killed while they show something, some while they start and format the region."""
    kills = KILLS_LONG if os.environ.get("TRANSOM_LONG") else KILLS_LONG // 100
    seed = int(os.environ.get("TRANSOM_SEED", time.time_ns() % 100000))
    print(f"       {kills} kills, TRANSOM_SEED={seed}", flush=True)
    chance, region_path = random.Random(seed), rig.region_path("kills-window", 32)
    display = Display(rig.children, "xvfb-kills")
    guest = Guest(rig, region_path, chance)
    region = RegionFile(region_path)
    wait_until(region.newest_sequence, TIMEOUT_S, "the agent publishes a frame", guest.agent.log)
    windows = [Window(rig, display, region_path, renderer, 100 + 800 * i) for i, renderer in enumerate(RENDERERS)]
    for window in windows:
        window.read(rig, display)
    than = [{"changes": -2} for _ in windows]
    for kill in range(kills):
        if kill == 0 or chance.random() < SHOWN_SHARE:
            shows_news(windows, than, guest)
            pass_moment(SHOWN_S, chance)
        else:
            pass_moment(STARTING_S, chance)
        guest.kill()
        than = [window.counts() for window in windows]
        guest.start()
    shows_news(windows, than, guest)
    guest.kill()
    for renderer, window in zip(RENDERERS, windows, strict=True):
        counts = window.stop()
        print(f"       {renderer}: {counts['looks']} pictures read, {counts['whole']} whole, {counts['darkened']} darkened, 0 wrong", flush=True)
    if guest.refused:
        print(f"       {guest.refused} starts were refused by Wine", flush=True)


TESTS = [window_shows_whole_frames_whatever_dies]
