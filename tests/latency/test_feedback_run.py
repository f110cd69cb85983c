#!/usr/bin/env python3
"""A viewer under a real Wayland compositor that tells when pictures were shown, and under an X server by a driver that does not let it tell: what is believed, after how
many pictures, and that the reports agree about it.

usage: test_feedback_run.py BUILD
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile

import test_latency_run as run
from test_observer import start_display

SECONDS, RATE, TESTED, SILENCE_MAX = 4, 30, 30, 64


def environment(rig, display, **more):
    return {"DISPLAY": display, "HOME": str(rig.directory), "XDG_RUNTIME_DIR": str(rig.directory), "PATH": "/usr/bin:/bin",
            "ASAN_OPTIONS": "detect_leaks=0", **more}  # fmt: skip


def start_compositor(rig, display):
    """weston in a window of the X server: its headless backend has no seat, which SDL does not expect."""
    log = open(rig.directory / "weston.log", "w")
    command = ["weston", "--backend=x11-backend.so", "--socket=wayland", "--idle-time=0", "--width=1024", "--height=700"]
    rig.children.append(subprocess.Popen(command, env=environment(rig, display), stdout=log, stderr=log))
    run.wait_for(rig.directory / "wayland")


def measure(rig, name, environment):
    files = {kind: rig.directory / f"{name}.{kind}" for kind in ("json", "csv", "html")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    done = subprocess.run([rig.program("transom"), "latency", "--region", f"server:{rig.socket}", "--renderer", "vulkan", "--same-clock", "--seconds",
                           str(SECONDS), *options], env=environment, capture_output=True, text=True, timeout=run.LIMIT_S)  # fmt: skip
    run.expect(done.returncode == 0, f"{name}: exit status {done.returncode}: {done.stderr}")
    return json.loads(files["json"].read_text()), list(csv.DictReader(files["csv"].open())), files["html"].read_text(), done.stdout


def reports_agree(name, report, rows, page, text):
    counts = {source: sum(row["presented_by"] == source for row in rows) for source in ("none", "headless", "call", "feedback")}
    run.expect(counts == report["presented_by"], f"{name}: rows {counts}, JSON {report['presented_by']}")
    feedback = report["feedback"]
    said = f"{feedback['source']} is {feedback['state']}" + (f": {feedback['reason']}" if feedback["reason"] else "")
    run.expect(f"; {said}\n" in text and f"; {said}." in page, f"{name}: text or page do not say: {said}")
    return counts


def told_by_the_compositor(rig, display):
    report, rows, page, text = measure(rig, "wayland", environment(rig, display, WAYLAND_DISPLAY="wayland", SDL_VIDEODRIVER="wayland"))
    counts = reports_agree("wayland", report, rows, page, text)
    run.expect(report["feedback"]["source"] == "wp_presentation", f"{report['feedback']}")
    print(f"wayland: {counts}, {report['feedback']}")
    if report["feedback"]["state"] == "refused":  # a machine under load makes a compositor tell nonsense: then it must not be used any more
        run.expect(report["feedback"]["reason"], "refused without a reason")
        return
    run.expect(report["feedback"]["state"] == "believed" and counts["feedback"] > 0, f"{report['feedback']}: {counts}")
    told = [row for row in rows if row["presented_by"] == "feedback"]
    shown = [int(row["presented_ns"]) for row in told]
    run.expect(shown == sorted(set(shown)), "two pictures were shown at once, or in another order")
    run.expect(all(int(row["submitted_ns"]) < int(row["presented_ns"]) for row in told), "shown before it was handed over")
    first = rows.index(told[0])
    run.expect(first >= TESTED and all(row["presented_by"] in ("call", "none") for row in rows[:first]), f"believed after {first} frames")


def told_by_nobody(rig, display):
    report, rows, page, text = measure(rig, "x11", environment(rig, display, SDL_VIDEODRIVER="x11"))
    counts = reports_agree("x11", report, rows, page, text)
    print(f"x11: {counts}, {report['feedback']}")
    run.expect(counts["feedback"] == 0 < counts["call"], f"{counts}: this X server tells of nothing")
    feedback, silent = report["feedback"], sum(counts.values()) > SILENCE_MAX
    run.expect(feedback["state"] == ("refused" if silent else "testing"), f"{feedback} after {sum(counts.values())} pictures")
    run.expect(feedback["reason"] == ("it tells of no picture" if silent else None), f"{feedback}")


def main():
    if not shutil.which("Xvfb") or not shutil.which("weston"):
        print("test_feedback_run: there is no Xvfb or no weston here")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o700)
        rig = run.Rig(sys.argv[1], directory)
        try:
            display = start_display(rig)
            start_compositor(rig, display)
            rig.start("transom-serve", "--socket", rig.socket, "--size", "16M")
            run.wait_for(rig.socket)
            rig.start("transom-agent", "run", "--region", f"server:{rig.socket}", "--source", "test-card", "--size", "640x400", "--rate", str(RATE))
            told_by_the_compositor(rig, display)
            told_by_nobody(rig, display)
        finally:
            rig.end()


main()
