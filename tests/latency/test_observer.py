#!/usr/bin/env python3
"""tests/bench/observer beside a viewer's own stamps: what the viewer says it presented must be visible, and no frame before it existed. Two
viewers: ours, and one that has nothing of ours but the card that it shows.

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
FOREIGN_SIZE, FOREIGN_FRAMES, FOREIGN_SECONDS = "240x160", 60, 4


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


def observe_foreign(rig, display):
    """It puts each card itself and knows when: the observer may not say an earlier time, and must have seen most of them."""
    environment = {"DISPLAY": display, "PATH": "/usr/bin:/bin"}
    observer = subprocess.Popen([rig.build / "tests/bench/observer", rig.directory / "Xvfb_screen0", FOREIGN_SIZE, str(FOREIGN_SECONDS)],
                                stdout=subprocess.PIPE, text=True)
    rig.children.append(observer)
    viewer = subprocess.run([rig.build / "tests/latency/foreign_viewer", str(FOREIGN_FRAMES)], env=environment, capture_output=True, text=True,
                            timeout=run.LIMIT_S)
    run.expect(viewer.returncode == 0, f"foreign_viewer: {viewer.stderr}")
    visible, _ = observer.communicate(timeout=run.LIMIT_S)
    put = {row["frame"]: row for row in csv.DictReader(io.StringIO(viewer.stdout))}
    seen = list(csv.DictReader(io.StringIO(visible)))
    run.expect(observer.returncode == 0 and len(seen) > FOREIGN_FRAMES // 4, f"{len(seen)} of {FOREIGN_FRAMES} frames of another viewer")
    late = sorted(int(row["visible_ns"]) - int(put[row["frame"]]["before_ns"]) for row in seen)
    run.expect(late[0] >= 0, f"a frame was visible {-late[0]} ns before it was put")
    print(f"another viewer: {len(seen)} of {FOREIGN_FRAMES} frames, seen {late[len(late) // 2] / 1000:.0f} us after they were put (median)")


def main():
    if not shutil.which("Xvfb"):
        print("test_observer: there is no Xvfb here")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory:
        rig = run.Rig(sys.argv[1], directory)
        try:
            display = start_display(rig)
            observe_foreign(rig, display)
            rig.start("transom-serve", "--socket", rig.socket, "--size", "16M")
            run.wait_for(rig.socket)
            rig.start("transom-agent", "run", "--region", f"server:{rig.socket}", "--source", "test-card", "--size", SIZE, "--rate", "20")
            observe(rig, display)
        finally:
            rig.end()


if __name__ == "__main__":
    main()
