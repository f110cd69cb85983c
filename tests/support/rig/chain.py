"""The whole chain: transom-serve, guest, viewer. Who uses it decides where it shows (a Display of ours, or the user's own)."""
import json
import os
import time

from .failure import StepFailed, wait_until
from .guest import Guest, build_image
from .region import RegionWatcher, is_served

REGION_BYTES = "64M"  # three slots of 1920x1080 and some room
SETTLE_TIMEOUT_S = 30
AGENT_SLOWEST_LOOK_S = 0.6  # its back-off ends at half a second
FRAME_TIMEOUT_S = 60


class Chain:
    def __init__(self, children, directory, build_directory, environment):
        self.children = children
        self.directory = directory
        self.build_directory = build_directory
        self.environment = environment
        self.region_socket = os.path.join(directory, "region.sock")
        self.serve = self.guest = self.viewer = self.region = None
        self.viewers = 0

    def program(self, path):
        program = os.path.join(self.build_directory, path)
        if not os.path.exists(program):
            raise StepFailed(f"{program} is not built")
        return program

    def start_serve(self):
        argv = [self.program("host/serve/transom-serve"), "--socket", self.region_socket, "--size", REGION_BYTES]
        self.serve = self.children.start("transom-serve", argv)
        wait_until(self.serve_answers, 10, "transom-serve's socket", self.serve.log)
        self.region = RegionWatcher(self.region_socket)

    def serve_answers(self):
        self.serve.require_running()
        return is_served(self.region_socket)

    def start_guest(self, offline=False, **options):
        image = build_image(self.build_directory, offline)
        self.guest = Guest(self.children, self.directory, image, self.region_socket, **options)

    def start_viewer(self, *options):
        """Its standard output, one JSON object a line, goes to a file of its own."""
        self.viewers += 1
        self.stats_path = os.path.join(self.directory, f"viewer-{self.viewers}-stats.json")
        argv = [self.program("host/cli/transom"), "view", "--region", "server:" + self.region_socket, "--qmp", self.guest.qmp_socket,
                "--stats", "json", "--stats-interval-ms", "100", *options]  # fmt: skip
        with open(self.stats_path, "wb") as stats:
            self.viewer = self.children.start(f"viewer-{self.viewers}", argv, stdout=stats, env=self.environment)

    def stats(self):
        """The newest of the viewer's reports; {} before the first."""
        with open(self.stats_path, encoding="utf-8", errors="replace") as file:
            lines = [line for line in file.read().split("\n")[:-1] if line.startswith("{")]
        return json.loads(lines[-1]) if lines else {}

    def shown_sequence(self):
        """Of the frame that the viewer shows, if it is one of the region's present epoch: each epoch counts from 1."""
        self.viewer.require_running()
        stats = self.stats()
        return stats.get("sequence", 0) if stats.get("epoch") == f"{self.region.epoch():016x}" else 0

    def wait_first_frame(self, timeout_s=FRAME_TIMEOUT_S):
        wait_until(lambda: self.guest.qemu.require_running() or self.shown_sequence(), timeout_s, "the viewer shows a frame", self.viewer.log)

    def wait_settled(self):
        """At rest: the agent published nothing new for longer than its slowest look at the screen, and the viewer shows its last frame."""
        newest, since_s = 0, time.monotonic()

        def settled():
            nonlocal newest, since_s
            if self.region.newest_sequence() != newest:
                newest, since_s = self.region.newest_sequence(), time.monotonic()
            return time.monotonic() - since_s > AGENT_SLOWEST_LOOK_S and self.shown_sequence() == newest != 0

        wait_until(settled, SETTLE_TIMEOUT_S, "the viewer shows the agent's last frame", self.viewer.log)


def compare_at_rest(chain, display, window, tries=5, over=lambda truth: truth):
    """(picture of the window, how many of its pixels differ from QEMU's own dump, with `over` laid over it).

    The agent looks at the screen now and then, so a change may be on the screen and not yet published when the guest is stopped: settle
    and look again, a few times. A wrong pixel that stays is wrong.
    """
    for _ in range(tries):
        chain.wait_settled()
        with chain.guest.paused():
            truth = over(chain.guest.screendump())
            picture = display.read_window(window)
        wrong = picture.wrong_pixels(truth)
        if wrong == 0:
            break
    return picture, wrong
