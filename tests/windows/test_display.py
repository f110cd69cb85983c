"""The displays, as far as Wine has them: one output, modes that can be set on a virtual desktop, and what a dead agent left behind."""
import os
import shutil
import struct

from rig.failure import StepFailed, wait_until
from rig.wine import windows_path

AGENT = "guest/windows/transom-agent.exe"
MODES = "tests/windows/guest/display_modes.exe"
TIMEOUT_S = 60


def mode_is_set_and_given_back(rig):
    """On a virtual desktop, where Wine can change modes; explorer returns nothing, so the program writes a file."""
    result = os.path.join(rig.directory, "modes")
    rig.wine.call(["wine", "explorer", "/desktop=modes,1280x800", windows_path(rig.wine.program(MODES)), windows_path(result)], TIMEOUT_S)

    def lines():
        if not os.path.exists(result):
            return []
        with open(result, encoding="utf-8") as file:
            return file.read().splitlines()

    wait_until(lambda: "done" in lines(), TIMEOUT_S, "the program has tried the modes")
    expected = ["advice: ", "before 1280x800", "verdict 0", "set 1", "between 800x600", "impossible 0", "restore 1", "after 1280x800", "done"]
    seen = [line for line in lines() if not line.startswith("output")]
    assert seen == expected, lines()
    assert any(line.startswith("output 0:") and "connected 1 active 1 primary 1" in line for line in lines()), lines()


def what_a_dead_agent_left_is_given_back(rig):
    """The mark of an agent that was killed: the next one restores, unless a viewer comes, and takes the mark away."""
    data = os.path.join(rig.wine.prefix, "drive_c", "ProgramData", "Transom")
    mark = os.path.join(data, "display.ours")
    os.makedirs(data, exist_ok=True)
    try:
        with open(mark, "wb"):
            pass
        agent = rig.wine.start("agent-marked", AGENT, "run", "--source", "gdi", "--region", windows_path(rig.region_path("marked", 16)))
        wait_until(lambda: not os.path.exists(mark), TIMEOUT_S, "the mark is taken away", agent.log)
        with open(agent.log, encoding="utf-8", errors="replace") as file:
            text = file.read()
        if "an agent ended without giving the displays back" not in text or "the displays are as they were" not in text:
            raise StepFailed("the log does not say what happened", agent.log)
        agent.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)


def png_size(path):
    with open(path, "rb") as file:
        return struct.unpack(">II", file.read(24)[16:])


def viewer_gets_the_mode_that_it_wishes(rig):
    """From the viewer's option to the guest's display, and back to the old mode when the viewer leaves; on a virtual desktop of Wine's. A mode that
    the display does not have is said in the viewer's log."""
    region, picture = rig.region_path("modes-region", 64), os.path.join(rig.directory, "modes.png")
    argv = ["wine", "explorer", "/desktop=wish,1280x800", windows_path(rig.wine.program(AGENT)), "run", "--source", "gdi", "--region",
            windows_path(region)]  # fmt: skip
    agent = rig.children.start("agent-modes", argv, env=rig.wine.environment)

    def says(child, count, line):
        with open(child.log, encoding="utf-8", errors="replace") as file:
            return file.read().count(line) >= count

    wait_until(lambda: says(agent, 1, "showing 1280x800"), TIMEOUT_S, "the agent shows the virtual desktop", agent.log)
    viewer = rig.children.start("viewer-modes", [os.path.join(rig.build_directory, "host/cli/transom"), "view", "--region", region,
                                "--renderer", "headless", "--guest-mode", "800x600", "--stats", "json", "--stats-interval-ms", "100", "--screenshot",
                                picture])  # fmt: skip
    wait_until(lambda: says(viewer, 1, '"width":800,"height":600'), TIMEOUT_S, "the viewer shows the mode that it wished", viewer.log)
    viewer.stop()
    assert png_size(picture) == (800, 600), png_size(picture)
    wait_until(lambda: says(agent, 2, "showing 1280x800"), TIMEOUT_S, "the old mode is back", agent.log)
    viewer = rig.children.start("viewer-no-mode", [os.path.join(rig.build_directory, "host/cli/transom"), "view", "--region", region,
                                "--renderer", "headless", "--guest-mode", "801x601"])  # fmt: skip
    wait_until(lambda: says(viewer, 1, "the guest's display has no mode of 801x601"), TIMEOUT_S, "the viewer is told that there is no such mode",
               viewer.log)  # fmt: skip
    viewer.stop()
    rig.wine.call(["wine", "taskkill", "/f", "/im", "transom-agent.exe"], TIMEOUT_S)
    agent.stop()


TESTS = [mode_is_set_and_given_back, viewer_gets_the_mode_that_it_wishes, what_a_dead_agent_left_is_given_back]
