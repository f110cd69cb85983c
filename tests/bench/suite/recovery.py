"""From exec to the first frame, and from a kill to the next picture. The witness is the region itself, read as one more peer: what the agent
completed, and what the viewer's line says it has finished with."""
import time

from .processes import start_agent, start_viewer, wait_for, watch
from .rows import Step, plain_table, quantiles_of, timing

NAME, TITLE = "recovery", "Start and recovery"
LOOK_S = 0.0005  # how late a figure may be
SIZE = ("--size", "1920x1080", "--damage", "10")
WATCH_GAP_S = 1.0


class Scene:
    """Server, agent and headless viewer, each of which can be killed and started again."""

    def __init__(self, bench):
        self.bench = bench
        self.server, self.socket = bench.start_serve("64M")
        self.region = watch(self.socket)
        self.agent = self.viewer = None

    def start_agent(self):
        self.agent = start_agent(self.bench, self.socket, *SIZE)

    def start_viewer(self):
        self.viewer = start_viewer(self.bench, self.socket, "--renderer", "headless")

    def has_frame(self):
        return self.region.newest_sequence() > 0

    def is_shown(self):
        return any(self.region.seen_sequences())

    def wait(self, condition, what):
        wait_for(condition, what, look_s=LOOK_S)
        return time.monotonic()

    def kill(self, child):
        child.kill()
        child.wait()

    def close(self):
        self.region.close()
        for child in (self.viewer, self.agent, self.server):
            if child:
                self.bench.children.stop(child)


def milliseconds(began, ended):
    return (ended - began) * 1000


def start_of_agent(scene):
    began = time.monotonic()
    scene.start_agent()
    return milliseconds(began, scene.wait(scene.has_frame, "the agent's first frame"))


def start_of_viewer(scene):
    """After the line of a killed one is free again: the server has noticed."""
    scene.wait(lambda: not scene.region.seen_sequences(), "the killed viewer's line is free")
    began = time.monotonic()
    scene.start_viewer()
    return milliseconds(began, scene.wait(scene.is_shown, "the viewer's first frame"))


def kill_agent(scene):
    """(exec of the new agent -> the viewer has a picture of it, first complete frame -> the same)"""
    epoch = scene.region.epoch()
    scene.kill(scene.agent)
    began = time.monotonic()
    scene.start_agent()
    complete = scene.wait(lambda: scene.region.epoch() not in (0, epoch) and scene.has_frame(), "the new agent's first frame")
    shown = scene.wait(scene.is_shown, "the viewer's picture of the new agent")
    return milliseconds(began, shown), milliseconds(complete, shown)


def kill_viewer(scene):
    scene.kill(scene.viewer)
    return start_of_viewer(scene)


def longest_pause(scene):
    """Of the viewer's frames, while nobody serves the region any more."""
    scene.kill(scene.server)
    last, since, pause = None, time.monotonic(), 0.0
    ends = since + WATCH_GAP_S
    while (now := time.monotonic()) < ends:
        if (seen := scene.region.seen_sequences()) != last:
            last, since = seen, now
        pause = max(pause, now - since)
        time.sleep(LOOK_S)
    return pause * 1000


def rows_of(samples):
    row = lambda key, what, target=None: timing(key, what, "ms", quantiles_of(samples[key]), target)  # noqa: E731
    return [row("agent_start", "transom-agent: exec → first frame complete"),
            row("viewer_start", "transom view, headless, agent publishes already: exec → first frame shown"),
            row("viewer_killed", "viewer killed (-9): exec of the next → frame shown"),
            row("agent_killed", "agent killed (-9): exec of the next → frame shown by the same viewer"),
            row("agent_killed_frame", "… its first complete frame → shown", 100),
            row("serve_killed", "transom-serve killed (-9): longest pause between the viewer's frames at 60 fps, in the next second")]  # fmt: skip


def measure(bench):
    scenes, kills = {"full": (5, 5), "quick": (1, 5), "smallest": (1, 2)}[bench.effort]
    samples = {key: [] for key in ("agent_start", "viewer_start", "viewer_killed", "agent_killed", "agent_killed_frame", "serve_killed")}
    for _ in range(scenes):
        scene = Scene(bench)
        samples["agent_start"].append(start_of_agent(scene))
        samples["viewer_start"].append(start_of_viewer(scene))
        for _ in range(kills):
            samples["viewer_killed"].append(kill_viewer(scene))
            whole, part = kill_agent(scene)
            samples["agent_killed"].append(whole)
            samples["agent_killed_frame"].append(part)
        samples["serve_killed"].append(longest_pause(scene))
        scene.close()
    return rows_of(samples)


def steps(bench):
    yield Step("kills", {"full": 15, "quick": 5, "smallest": 4}[bench.effort], lambda: measure(bench))


tables = plain_table
