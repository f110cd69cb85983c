#!/usr/bin/env python3
"""transom replay into a real QEMU without a guest system, through its monitor: QEMU's own trace says what arrived.

usage: test_replay_qemu.py BUILD_DIRECTORY
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from rig.children import Children  # noqa: E402
from rig.failure import StepFailed, log_tail, wait_until  # noqa: E402
from rig.guest import QEMU, accelerator  # noqa: E402

TIMEOUT_S = 60
WHOLE = """transom-recording 1
0.000000 key 07:04 down
0.010000 key 07:04 up
0.020000 button 1 down
0.030000 button 1 up
0.040000 wheel 120
0.050000 end
"""
CUT = """transom-recording 1
0.000000 key 07:e0 down
0.000000 button 2 down
0.010000 key 07:04 do"""


class Machine:
    def __init__(self, children, directory):
        self.directory = directory
        self.monitor = os.path.join(directory, "qmp.sock")
        self.trace = os.path.join(directory, "trace")
        argv = [
            QEMU, "-accel", accelerator(), "-machine", "q35", "-m", "64", "-display", "none", "-nodefaults", "-device", "virtio-keyboard-pci",
            "-device", "virtio-mouse-pci", "-qmp", f"unix:{self.monitor},server=on,wait=off", "-trace", "enable=input_event_*", "-D", self.trace,
        ]  # fmt: skip
        self.qemu = children.start("qemu", argv)
        wait_until(lambda: os.path.exists(self.monitor), TIMEOUT_S, "QEMU's monitor socket", self.qemu.log)

    def events(self, since):
        """(kind, what, is down) of keys and buttons in the trace, and how long it is by now."""
        with open(self.trace, encoding="utf-8") as file:
            file.seek(since)
            text = file.read()
        keys = re.findall(r"input_event_(key_qcode|btn) con -?\d+, (?:key qcode|button) (\S+)(?: \S+)?, down (\d)", text)
        return [(kind, what.rstrip(","), down == "1") for kind, what, down in keys], since + len(text), text


def replay(program, machine, text):
    path = os.path.join(machine.directory, "recording")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return subprocess.run([program, "replay", path, "--qmp", machine.monitor], stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False)


def require(condition, text):
    if not condition:
        raise StepFailed(text)


def plays_every_event(program, machine):
    result = replay(program, machine, WHOLE)
    require(result.returncode == 0, f"replay ended with {result.returncode}: {result.stderr}")
    events, length, text = machine.events(0)
    require([down for _, _, down in events] == [True, False] * 3, f"key, button and wheel, each down and up, are not: {events}\n{text}")
    return length


def releases_when_the_recording_is_cut(program, machine, since):
    result = replay(program, machine, CUT)
    require(result.returncode == 1, f"a cut recording ended with {result.returncode}")
    require("recording:4: the recording is cut off in this line" in result.stderr, f"what was said: {result.stderr}")
    require(result.stderr.count("\n") == 1, f"more than one line: {result.stderr}")
    events, _, text = machine.events(since)
    held = set()
    for kind, what, down in events:
        (held.add if down else held.discard)((kind, what))
    require(len(events) == 4 and not held, f"{held} is still down: {text}")


def run(directory, build_directory):
    program = os.path.join(build_directory, "host/cli/transom")
    if not shutil.which(QEMU):
        print(f"cannot run here: {QEMU} is not installed")
        return 77
    children = Children(directory)
    try:
        machine = Machine(children, directory)
        length = plays_every_event(program, machine)
        releases_when_the_recording_is_cut(program, machine, length)
        return 0
    except StepFailed as failure:
        print(f"FAILED: {failure}\n{log_tail(failure.log)}")
        return 1
    finally:
        children.stop_all()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="transom-replay-") as directory:
        return run(directory, sys.argv[1])


sys.exit(main())
