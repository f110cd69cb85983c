#!/usr/bin/env python3
"""tests/bench/observer beside the viewer's own stamps: what the viewer says it presented must be visible, and no frame before it existed.

usage: test_observer.py BUILD
"""

import csv
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import test_latency_run as run

SIZE, SECONDS = "640x400", 8


def start_display(rig):
    """Xvfb on a number that it chooses itself."""
    read_end, write_end = os.pipe()
    log = open(rig.directory / "Xvfb.log", "w")
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x800x24", "-fbdir", rig.directory, "-nolisten", "tcp"]
    rig.children.append(subprocess.Popen(command, stdout=log, stderr=log, pass_fds=[write_end]))
    os.close(write_end)
    with os.fdopen(read_end) as reader:
        return ":" + reader.readline().strip()


def compare(visible, rows):
    frames = {int(row["sequence"]): row for row in rows}
    stamps = [int(row["visible_ns"]) for row in visible]
    numbers = [int(row["frame"]) for row in visible]
    run.expect(stamps == sorted(stamps) and numbers == sorted(set(numbers)), "frames went backwards")
    both = [(frames[n], t) for n, t in zip(numbers, stamps) if n in frames]
    run.expect(both, "no frame was seen by both")
    for row, seen_ns in both:  # card and sequence both begin at 1 with the agent, and this agent drops no frame
        run.expect(seen_ns >= int(row["complete_guest_ns"]), f"frame {row['sequence']} was visible before it was complete")
    print(f"{len(numbers)} frames visible, {len(both)} of them in the viewer's rows")


def observe(rig, display):
    environment = {"DISPLAY": display, "HOME": str(rig.directory), "PATH": "/usr/bin:/bin", "SDL_VIDEODRIVER": "x11", "ASAN_OPTIONS": "detect_leaks=0"}
    viewer = subprocess.Popen([rig.program("transom"), "latency", "--region", f"server:{rig.socket}", "--renderer", "sdl", "--same-clock",
                               "--seconds", str(SECONDS * 2), "--csv", rig.directory / "v.csv"], env=environment, stdout=subprocess.DEVNULL)
    rig.children.append(viewer)
    observer = subprocess.run([rig.build / "tests/bench/observer", rig.directory / "Xvfb_screen0", SIZE, str(SECONDS)], capture_output=True,
                              text=True, timeout=run.LIMIT_S)
    run.expect(viewer.wait(run.LIMIT_S) == 0, "the viewer failed")
    run.expect(observer.returncode == 0, f"observer: {observer.stderr}")
    compare(list(csv.DictReader(io.StringIO(observer.stdout))), run.rows_of(rig.directory / "v.csv"))


def main():
    if not shutil.which("Xvfb"):
        print("test_observer: there is no Xvfb here")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory:
        rig = run.Rig(sys.argv[1], directory)
        try:
            display = start_display(rig)
            rig.start("transom-serve", "--socket", rig.socket, "--size", "16M")
            run.wait_for(rig.socket)
            rig.start("transom-agent", "run", "--region", f"server:{rig.socket}", "--source", "test-card", "--size", SIZE, "--rate", "20")
            observe(rig, display)
        finally:
            rig.end()


if __name__ == "__main__":
    main()
