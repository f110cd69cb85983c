"""What a run starts, and what the kernel says of it. Everything is ended with the run."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from rig.region import RegionWatcher, is_served  # noqa: E402

LIMIT_S = 600
NS_PER_S = 1e9
SHARES = {"full": 1.0, "quick": 0.1, "smallest": 0.0}


class Children:
    """Every process that a run starts, ended with it."""

    def __init__(self, logs):
        self.logs, self.running = logs, []

    def start(self, *command, environment=None, stdout=None):
        log = open(self.logs / f"{pathlib.Path(command[0]).name}-{len(self.running)}.log", "w")
        child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log,
                                 env={**os.environ, **(environment or {})})
        self.running.append(child)
        return child

    def stop(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def stop_all(self):
        for child in reversed(self.running):
            self.stop(child)

    def log_of(self, child):
        return next(self.logs.glob(f"*-{self.running.index(child)}.log")).read_text(errors="replace")


class Bench:
    """One run: where the programs are, how much is measured, and what was started."""

    def __init__(self, build, effort, work):
        self.build, self.work = build, work
        self.effort = {True: "quick", False: "full"}.get(effort, effort)
        self.children = Children(work)
        self.servers = 0
        self.display = None

    def program(self, path):
        program = self.build / path
        if not program.exists():
            sys.exit(f"bench: {program}: not built; run: cmake --preset release && cmake --build build/release")
        return program

    def serve(self, size):
        return self.start_serve(size)[1]

    def start_serve(self, size):
        """(the server, its socket)"""
        self.servers += 1
        path = self.work / f"vm-{self.servers}" / "region.sock"  # its control.sock stands beside it
        path.parent.mkdir()
        server = self.children.start(self.program("host/serve/transom-serve"), "--socket", path, "--size", size)
        wait_for(lambda: is_served(path), "transom-serve listens")
        return server, path

    def transport(self, size, *words):
        server, socket = self.start_serve(size)
        output = self.output("tests/bench/bench_transport", socket, *words)
        self.children.stop(server)
        return json.loads(output)

    def output(self, path, *words, **more):
        """What a program of ours says on stdout; its failure ends the run."""
        result = subprocess.run([self.program(path), *map(str, words)], stdout=subprocess.PIPE, timeout=LIMIT_S, check=False, **more)
        if result.returncode != 0:
            sys.exit(f"bench: {path} {' '.join(map(str, words))} ended with status {result.returncode}")
        return result.stdout

    def amount(self, full, least=None):
        """Of samples or seconds: all, a tenth, or the fewest that mean anything."""
        share = SHARES[self.effort]
        return max(type(full)(full * share), least if least is not None else full // 100 or 1)

    def samples(self, full):
        return self.amount(full, 60)

    def on_display(self):
        """The environment of programs on an X server of ours, started when first wanted; None: there is no Xvfb."""
        self.display = self.display or start_display(self)
        return {"DISPLAY": self.display, "SDL_VIDEODRIVER": "x11"} if self.display else None


def wait_for(condition, what, seconds=30, look_s=0.001):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"bench: {what}: not within {seconds} s")
        time.sleep(look_s)
    return value


# ---- programs ----
def start_agent(bench, socket, *more):
    return start_agent_on(bench, f"server:{socket}", *more)


def start_agent_on(bench, region, *more):
    return bench.children.start(bench.program("guest/linux/transom-agent"), "run", "--region", region, "--source", "test-card", *more)


def start_viewer(bench, socket, *more, environment=None, stdout=None):
    return start_viewer_on(bench, f"server:{socket}", *more, environment=environment, stdout=stdout)


def start_viewer_on(bench, region, *more, environment=None, stdout=None):
    return bench.children.start(bench.program("host/cli/transom"), "view", "--region", region, *more, environment=environment, stdout=stdout)


def start_display(bench):
    """An X server of our own, or None where there is no Xvfb."""
    if not shutil.which("Xvfb"):
        return None
    read_end, write_end = os.pipe()
    log = open(bench.work / "xvfb.log", "w")
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"], stdout=log, stderr=log,
                              pass_fds=[write_end])
    os.close(write_end)
    bench.children.running.append(server)
    with os.fdopen(read_end) as reader:
        number = reader.readline().strip()  # the whole line: Xvfb writes it in two parts, and ends when the second finds no reader
    return f":{number}" if number else None


def watch(socket):
    return RegionWatcher(str(socket))


# ---- what the kernel says ----
def threads_of(pid):
    return pathlib.Path(f"/proc/{pid}/task").iterdir()


def voluntary_switches(pid):
    total = 0
    for task in threads_of(pid):
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total


def cpu_ns(pid):
    """Of all threads: the first number of schedstat is the time on a processor, in nanoseconds."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in threads_of(pid))


def usage(children, seconds):
    """By name: how often a second the threads of each process went to sleep, and so were woken; and its share of a core."""
    read = lambda: {name: (voluntary_switches(child.pid), cpu_ns(child.pid)) for name, child in children.items()}  # noqa: E731
    before, began = read(), time.monotonic()
    time.sleep(seconds)
    after, elapsed = read(), time.monotonic() - began
    return {name: {"wakeups_per_second": round((after[name][0] - before[name][0]) / elapsed, 1),
                   "cpu_percent": round(100 * (after[name][1] - before[name][1]) / (elapsed * NS_PER_S), 3)} for name in children}  # fmt: skip


def wakeups_per_second(children, seconds):
    return {name: figures["wakeups_per_second"] for name, figures in usage(children, seconds).items()}


def require_running(bench, children):
    for name, child in children.items():
        if child.poll() is not None:
            sys.exit(f"bench: {name} ended by itself with {child.returncode}: {bench.children.log_of(child)[-500:]}")
