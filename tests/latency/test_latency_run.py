#!/usr/bin/env python3
"""`transom latency` with a real server and a real agent on this host. Both clocks are one here, so the truth is known: without --same-clock
each converted figure must contain it within its bound.

usage: test_latency_run.py BUILD
"""

import csv
import json
import os
import pathlib
import socket
import stat
import subprocess
import sys
import tempfile
import time

LIMIT_S = 120
SECONDS = 6
ONE_WAY = {"publish_to_seen": ("complete", None), "publish_to_presented": ("complete", "presented"),
           "acquired_to_presented": ("acquired", "presented")}


def is_ready(path):
    """A socket is there a moment before anybody listens on it."""
    with socket.socket(socket.AF_UNIX) as client:
        return path.exists() and (not path.is_socket() or client.connect_ex(str(path)) == 0)


def wait_for(path):
    limit = time.monotonic() + LIMIT_S
    while not is_ready(path):
        if time.monotonic() > limit:
            sys.exit(f"test_latency_run: {path} did not come")
        time.sleep(0.05)


class Rig:
    def __init__(self, build, directory):
        self.build, self.directory, self.children = pathlib.Path(build), pathlib.Path(directory), []
        self.socket = self.directory / "region.sock"

    def program(self, name):
        return str(self.build / {"transom": "host/cli/transom", "transom-serve": "host/serve/transom-serve",
                                 "transom-agent": "guest/linux/transom-agent"}[name])

    def start(self, name, *arguments):
        log = open(self.directory / f"{name}.log", "w")
        self.children.append(subprocess.Popen([self.program(name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def latency(self, *arguments):
        command = [self.program("transom"), "latency", "--region", f"server:{self.socket}", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, cwd=self.directory,
                              env={"HOME": str(self.directory), "PATH": "/usr/bin:/bin"})

    def end(self):
        for child in self.children:
            child.kill()
            child.wait()


def expect(good, what):
    if not good:
        sys.exit(f"test_latency_run: {what}")


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def check_truth(rows):
    """Guest and host stamps are of one clock: their plain difference is the truth."""
    checked, worst = 0, 0
    for row in rows:
        for key, (start, end) in ONE_WAY.items():
            if not row[f"{key}_ns"] or not end:
                continue
            truth = int(row[f"{end}_ns"]) - int(row[f"{start}_guest_ns"])
            error = abs(int(row[f"{key}_ns"]) - truth)
            # the row's bound is that of `complete`; `acquired` may be a little wider, at 500 ppm of the time between
            bound = int(row["bound_ns"]) + (int(row["complete_guest_ns"]) - int(row[f"{start}_guest_ns"])) // 1000 + 1000
            expect(error <= bound, f"frame {row['sequence']}: {key} is off by {error} ns, bound {bound}")
            checked, worst = checked + 1, max(worst, error)
    return checked, worst


def two_clocks(rig):
    run = rig.latency("--seconds", SECONDS, "--json", "a.json", "--csv", "a.csv", "--html", "a.html")
    expect(run.returncode == 0, f"exit status {run.returncode}: {run.stderr}")
    figures, rows = json.loads((rig.directory / "a.json").read_text()), rows_of(rig.directory / "a.csv")
    expect(figures["frames"] == len(rows) > 0, f"{figures['frames']} frames, {len(rows)} rows")
    expect(figures["clock_exchanges"] > 0 and not figures["same_clock"], "no exchanges")
    expect(figures["presented_by"]["headless"] == len(rows), "every frame is presented by headless")
    expect("publish_to_presented" in run.stdout, "no table on standard output")
    expect("<svg" in (rig.directory / "a.html").read_text(), "no page")
    checked, worst = check_truth(rows)
    print(f"{len(rows)} frames, {checked} one-way values, worst error {worst} ns, {figures['stamps']}, "
          f"bound {figures['stages']['publish_to_presented']['bound_us']} us")
    expect(checked > 0, "no stamp was converted")


def same_clock(rig):
    run = rig.latency("--seconds", 2, "--same-clock", "--json", "-", "--csv", "b.csv")
    expect(run.returncode == 0, f"--same-clock: exit status {run.returncode}: {run.stderr}")
    figures, rows = json.loads(run.stdout), rows_of(rig.directory / "b.csv")
    expect(figures["stamps"]["same"] == len(rows) > 0, "--same-clock: frames")
    expect(all(row["bound_ns"] == "0" for row in rows), "--same-clock: bounds")
    expect(check_truth(rows)[1] == 0, "--same-clock: a plain difference")
    expect(figures["stages"]["publish_to_seen"]["refused"] is None, "--same-clock: refused")


def stats(rig):
    command = [rig.program("transom"), "view", "--region", f"server:{rig.socket}", "--renderer", "headless", "--seconds", "2", "--stats", "json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env={"HOME": str(rig.directory)})
    line = json.loads(run.stdout.splitlines()[-1])
    expect(line["schema"] == 1 and set(line["stages"]) >= set(ONE_WAY), f"--stats json: {sorted(line)}")


def listen(path):
    """What a program that connects reads: two whole lines."""
    limit = time.monotonic() + LIMIT_S
    while True:
        reader = socket.socket(socket.AF_UNIX)
        reader.settimeout(LIMIT_S)
        try:
            reader.connect(str(path))
            return reader
        except (ConnectionRefusedError, FileNotFoundError):  # the one before, or not listening yet
            expect(time.monotonic() < limit, f"nobody listens on {path}")
            time.sleep(0.05)


def wait_until_refused(path):
    """The kernel takes an io_uring apart some time after its process, and the listener with it."""
    limit = time.monotonic() + LIMIT_S
    while time.monotonic() < limit:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    sys.exit(f"test_latency_run: somebody still listens on {path}")


def stats_socket(rig):
    path = rig.directory / "stats.sock"
    for _ in range(2):  # killed, its socket stays: the second run replaces it
        rig.start("transom", "latency", "--region", f"server:{rig.socket}", "--stats-socket", path)
        reader = listen(path)
        lines = reader.makefile()
        expect(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "others may connect")
        one, other = json.loads(lines.readline()), json.loads(lines.readline())
        expect(one["schema"] == 1 and other["elapsed_ms"] > one["elapsed_ms"], "lines of the socket")
        expect(set(other["stages"]) >= set(ONE_WAY), "stages on the socket")
        taken = rig.latency("--seconds", 1, "--stats-socket", path)
        expect(taken.returncode == 77 and str(path) in taken.stderr, f"a socket that is in use: {taken.returncode} {taken.stderr}")
        talker = listen(path)
        talker.sendall(b"hello\n" * 100)
        while True:
            try:
                if not talker.recv(65536):
                    break
            except ConnectionResetError:
                break
        expect(json.loads(lines.readline())["schema"] == 1, "a talker disturbs the others")
        rig.children[-1].kill()
        rig.children[-1].wait()
        reader.close()
        expect(path.exists(), "a killed program cannot tidy up")
        wait_until_refused(path)
    rig.latency("--seconds", 1, "--stats-socket", path)
    expect(not path.exists(), "the socket stays after its program")
    path.write_text("a file")
    expect(rig.latency("--seconds", 1, "--stats-socket", path).returncode == 77 and path.read_text() == "a file", "a file is replaced")


def faults(rig):
    expect(rig.latency("--json", "-", "--csv", "-").returncode == 2, "two reports on standard output")
    expect(rig.latency("--seconds", "0").returncode == 2, "no seconds")
    missing = rig.latency("--seconds", 1, "--json", "no/such/directory/x.json")
    expect(missing.returncode == 1 and "no/such/directory/x.json" in missing.stderr, "a report that cannot be written")


def main():
    with tempfile.TemporaryDirectory() as directory:
        rig = Rig(sys.argv[1], directory)
        try:
            rig.start("transom-serve", "--socket", rig.socket, "--size", "16M")
            wait_for(rig.socket)
            empty = rig.latency("--seconds", 1)
            expect(empty.returncode == 1 and "no frame" in empty.stderr, f"without an agent: {empty.returncode} {empty.stderr}")
            rig.start("transom-agent", "run", "--region", f"server:{rig.socket}", "--source", "test-card", "--size", "320x200")
            two_clocks(rig)
            same_clock(rig)
            stats(rig)
            stats_socket(rig)
            faults(rig)
        finally:
            rig.end()


if __name__ == "__main__":
    main()
