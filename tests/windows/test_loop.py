"""`transom latency --loop` against the Windows agent: the loop card in a window, seen by the agent as any other program's, by GDI. Wine's X
server stands for the virtual machine's keyboard. The witnesses are a program of its own on Wine's desktop that listens to raw input, and the
card's counter as another viewer saved it to a file."""
import json
import os
import pathlib
import subprocess

from rig.failure import wait_until
from rig.pictures import card_counter
from rig.region import RegionFile
from rig.typed_qmp import TypedQmp
from rig.wine import windows_path

AGENT = "guest/windows/transom-agent.exe"
WITNESS = "tests/windows/guest/raw_keys.exe"
TIMEOUT_S = 60
TRIALS = 300 if os.environ.get("TRANSOM_LONG") else 10
LIMIT_S = 600
RIGHT_CTRL = "11d"
LETTER, LETTER_X = "1e", "38"  # Windows' scan code, X's key code; X repeats no modifiers


class Loop:
    """Agent, card and witness; made once, by the first test."""

    def __init__(self, rig):
        self.rig = rig
        self.region_path = rig.region_path("loop", 64)
        self.agent = rig.wine.start("loop-agent", AGENT, "run", "--source", "gdi", "--region", windows_path(self.region_path))
        self.card = rig.wine.start("loop-card", AGENT, "loop-card")
        self.keys_path = os.path.join(rig.directory, "raw-keys")
        with open(self.keys_path, "wb") as output:
            self.witness = rig.wine.start("raw-keys", WITNESS, stdout=output)
        rig.wine.display.wait_for_window(self.card, "Transom loop card")
        wait_until(lambda: "ready" in self.keys(), TIMEOUT_S, "the witness listens", self.witness.log)
        region = RegionFile(self.region_path)
        wait_until(region.newest_sequence, TIMEOUT_S, "the agent publishes a frame", self.agent.log)
        region.close()
        self.qmp = TypedQmp(os.path.join(rig.directory, "qmp.sock"), rig.wine.display)

    def transom(self, *words):
        argv = [os.path.join(self.rig.build_directory, "host/cli/transom"), *map(str, words)]
        environment = {"HOME": self.rig.directory, "PATH": "/usr/bin:/bin"}
        return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, env=environment, check=False)

    def measure(self, *words):
        return self.transom("latency", "--loop", "--sink", "qmp", "--qmp", self.qmp.listener.getsockname(), "--region", self.region_path, *words)

    def keys(self):
        return pathlib.Path(self.keys_path).read_text(encoding="ascii").split("\n")

    def look(self):
        """The card's counter in the guest's picture, None when that is no card."""
        path = os.path.join(self.rig.directory, "card.png")
        shown = self.transom("view", "--region", self.region_path, "--renderer", "headless", "--frames", 1, "--screenshot", path)
        assert shown.returncode == 0, f"no picture: {shown.stderr}"
        return card_counter(path)

    def counter(self):
        """Windows that come and go may cover the card for a moment."""
        return wait_until(self.look, TIMEOUT_S, "the picture is the loop card", self.card.log)


def loop(rig):
    if not hasattr(rig, "loop"):
        rig.loop = Loop(rig)
    return rig.loop


def each_press_is_found_in_the_picture(rig):
    it = loop(rig)
    path = os.path.join(rig.directory, "loop.json")
    before, keys_before = it.counter(), len(it.keys())
    run = it.measure("--trials", TRIALS, "--json", path)
    print(run.stdout)
    assert run.returncode == 0, f"exit status {run.returncode}: {run.stderr}"
    (sink,) = json.loads(pathlib.Path(path).read_text(encoding="ascii"))["sinks"]
    expected = [f"{change} {RIGHT_CTRL}" for change in ("down", "up") * TRIALS]
    wait_until(lambda: len(it.keys()) - keys_before >= 2 * TRIALS, TIMEOUT_S, "the witness has every key", it.witness.log)
    seen = it.keys()[keys_before - 1 : -1]
    assert seen == expected, f"the desktop had {len(seen)} key events for {TRIALS} presses: {seen[:20]}"
    counted = it.counter() - before
    assert counted == len(seen), f"the picture counted {counted} of {len(seen)} events"
    assert sink["measured"] + sink["lost"] + sink["disturbed"] == TRIALS and sink["measured"] > 0, sink
    stages = sink["stages"]
    assert all(stage["count"] == sink["measured"] and 0 <= stage["p50_us"] <= stage["max_us"] for stage in stages.values()), stages
    assert 0 < stages["guest_event_to_acquired"]["max_us"] <= stages["guest_event_to_publish"]["max_us"], stages
    assert stages["guest_event_to_publish"]["max_us"] <= stages["inject_to_seen"]["max_us"] <= stages["inject_to_present"]["max_us"], stages


def pointer_and_wheel_count_and_a_repeat_does_not(rig):
    it = loop(rig)
    display, count = rig.wine.display, it.counter()
    display.do("keydown", LETTER_X)
    wait_until(lambda: it.keys().count("down " + LETTER) >= 3, TIMEOUT_S, "the key repeats", it.witness.log)
    for step in (["keyup", LETTER_X], ["mousemove_relative", "--", "7", "3"], ["click", "1"], ["click", "4"]):
        display.do(*step)
    # One key down and up, one motion, one button down and up, one turn of the wheel.
    wait_until(lambda: it.counter() - count >= 6, TIMEOUT_S, "the card counts six events", it.card.log)
    assert it.counter() - count == 6, f"{it.counter() - count} events"


def closes_like_any_window(rig):
    it = loop(rig)
    rig.wine.display.do("click", "1")  # there is no window manager that would give it the focus
    rig.wine.display.do("key", "alt+F4")
    wait_until(lambda: not it.card.is_running(), TIMEOUT_S, "the card's process ends", it.card.log)
    assert it.card.process.returncode == 0, it.card.process.returncode
    it.qmp.close()
    it.agent.stop()


TESTS = [each_press_is_found_in_the_picture, pointer_and_wheel_count_and_a_repeat_does_not, closes_like_any_window]
