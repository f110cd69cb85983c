"""A real guest: QEMU under emulation, ivshmem-doorbell, our Linux agent. One boot for all rows.

Its clock is another one, so a one-way figure is true to ± the bound that `transom latency` states; where that is wide, the row says so. The
loop's figures need only the host's clock. Emulation costs most of all of them: none is a figure of hardware."""
import contextlib
import csv
import json
import pathlib
import subprocess

from .processes import LIMIT_S, wait_for
from .rows import Step, figure, plain_table, quantiles, quantiles_of, timing

from rig.chain import Chain  # noqa: E402, on the path by .processes
from rig.children import Children  # noqa: E402
from rig.failure import CannotRun  # noqa: E402

NAME, TITLE = "guest", "A real guest in QEMU, under emulation (TCG): Linux, ivshmem-doorbell"
AGENT = "/usr/bin/transom-agent"
CARD = "run --source test-card --size 640x400 --damage 5 --rate 20"
LOOP_CARD = "run --source loop-card --size 640x400"
ONE_WAY = {"publish_to_seen": "publish → seen, doorbell through ivshmem, 20 fps", "publish_to_presented": "publish → presented, headless"}
AT_MOST = "publish → seen, doorbell through ivshmem, 20 fps: at most (each frame's figure and its bound)"
HERE = {"guest_copy": "the guest's copy into the region, 640x400, 5 % damage"}


@contextlib.contextmanager
def booted(bench):
    """None where there is no QEMU or no guest kernel in the cache."""
    children = Children(str(bench.work))
    try:
        chain = Chain(children, str(bench.work), str(bench.build), {})
        chain.start_serve()
        chain.start_guest(offline=True, usb=True, agent=("off",))
        chain.guest.wait_serial("guest: console ready")
        yield chain
    except CannotRun:
        yield None
    finally:
        children.stop_all()


def run_agent(chain, words):
    """In place of the one before; waits until it has published."""
    before = chain.region.epoch()
    chain.guest.run(f"kill $(pidof transom-agent) 2>/dev/null; {AGENT} {words} >/dev/null 2>&1 &")
    wait_for(lambda: chain.region.epoch() not in (0, before) and chain.region.newest_sequence(), "the guest's agent publishes")


def exec_latency(chain, *words):
    path = pathlib.Path(chain.directory) / "guest-latency.json"
    command = [chain.program("host/cli/transom"), "latency", "--region", f"server:{chain.region_socket}", "--json", path, *map(str, words)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT_S, check=True)
    return json.loads(path.read_text())


def at_most(path):
    """What the truth cannot exceed, whatever the clocks' relation really was: that holds even where the figure itself is refused."""
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["publish_to_seen_ns"] and row["bound_ns"]]
    values = [(int(row["publish_to_seen_ns"]) + int(row["bound_ns"])) / 1000 for row in rows]
    return [timing("publish_to_seen_at_most", AT_MOST, "us", quantiles_of(values))] if values else []


def stage_row(key, what, stage):
    quantile = {"count": stage["count"], "p50": stage["p50_us"], "p99": stage["p99_us"], "p999": stage["p999_us"], "max": stage["max_us"]}
    if stage["refused"]:
        return figure(key, what, "us", None, note=stage["refused"])
    return timing(key, what + (f", ± {stage['bound_us']:.0f} µs" if stage["one_way"] else ""), "us", quantiles(quantile), bound_us=stage["bound_us"])


def one_way_rows(chain, bench):
    run_agent(chain, CARD)
    path = bench.work / "guest.csv"
    report = exec_latency(chain, "--csv", path, "--seconds", bench.amount(20, 3 if bench.effort == "smallest" else 10))
    rows = [stage_row(key, what, report["stages"][key]) for key, what in (ONE_WAY | HERE).items()]
    rows += at_most(path)
    rows.append(figure("bound", "worst bound of a one-way figure", "us", report["stages"]["publish_to_seen"]["bound_us"]))
    return rows


def loop_rows(chain, bench):
    """From a press to the picture of it, by each sink."""
    run_agent(chain, LOOP_CARD)
    report = exec_latency(chain, "--loop", "--qmp", chain.guest.qmp_socket, "--trials", bench.amount(200, 5))
    for sink in report["sinks"]:
        for stage in ("inject_to_present", "way_there_and_back"):
            told = sink["stages"][stage]
            parts = {"count": told["count"], "p50": told["p50_us"], "p99": told["p99_us"], "p999": None, "max": told["max_us"]}
            yield timing(f"loop_{sink['sink']}_{stage}", f"loop test, {sink['sink']}: {stage.replace('_', ' ')}", "us", parts)
        yield figure(f"loop_{sink['sink']}_lost", f"loop test, {sink['sink']}: presses lost or disturbed", "", sink["lost"] + sink["disturbed"])


def measure(bench):
    with booted(bench) as chain:
        return [] if chain is None else [*one_way_rows(chain, bench), *loop_rows(chain, bench)]


def steps(bench):
    yield Step("boot", 12 + {"full": 80, "quick": 22, "smallest": 8}[bench.effort], lambda: measure(bench))


tables = plain_table
