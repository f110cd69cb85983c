"""What the processes hold in memory, 1080p, with a guest at rest and one that changes all of its screen 60 times a second."""
import pathlib
import time

from .processes import start_agent, start_viewer, watch, wait_for
from .rows import Step, table, with_unit

NAME, TITLE = "memory", "Memory, 1080p, a region of 64 MiB"
KIB_IN_MIB = 1024
FIELDS = {"rss_mib": "Rss", "pss_mib": "Pss", "own_mib": "Pss_Anon", "shared_mib": "Pss_Shmem"}
FRAMES_MIN = 30


def held(pid):
    """From smaps_rollup; PSS counts a page that n processes map as a part of n."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return {name: round(kib[field] / KIB_IN_MIB, 1) for name, field in FIELDS.items()}


def measure(bench, state):
    server, socket = bench.start_serve("64M")
    processes = {"transom-serve": server, "transom-agent": start_agent(bench, socket, "--size", "1920x1080", *(["--still-after", "30"] if state == "still" else [])),
                 "transom view, headless": start_viewer(bench, socket, "--renderer", "headless")}  # fmt: skip
    environment = bench.on_display()
    if environment:
        processes["transom view, SDL window"] = start_viewer(bench, socket, "--renderer", "sdl", environment=environment)
    region = watch(socket)
    wait_for(lambda: region.newest_sequence() >= FRAMES_MIN and len([n for n in region.seen_sequences() if n]) == len(processes) - 2, "all watch")
    region.close()
    time.sleep(bench.amount(5.0, 0.5))
    rows = [{"key": f"{name}, {state}", "what": name, "state": state, "unit": "mib", **held(child.pid)} for name, child in processes.items()]
    bench.children.stop_all()
    bench.display = None
    return rows


def steps(bench):
    for state in ("still", "running"):
        yield Step(state, bench.amount(5.0, 0.5) + 2, lambda s=state: measure(bench, s))


def tables(rows):
    lines = [[row["what"], row["state"], *(with_unit(row[name], "mib") for name in FIELDS)] for row in rows]
    return table(["process", "guest", "RSS", "PSS", "of this anonymous", "of this region and other shared memory"], lines)
