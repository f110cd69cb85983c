"""What the programs cost while the guest's screen rests."""
import time

from .processes import require_running, start_agent, start_agent_on, start_viewer, start_viewer_on, usage, wait_for
from .rows import Step, goal, judged, table, with_unit

NAME, TITLE = "idle", "Idle: a guest whose screen rests"
SETTLE_SECONDS = 13  # the agent rests deepest after 10 s without a change
PEER = "900-2880/s"
STILL = ("--size", "1280x800", "--still-after", "60")
SDL = "SDL window"
WATCHED = {"viewer_headless": "transom view, headless, doorbell", "viewer_sdl": f"transom view, {SDL}, doorbell", "agent_watched": "transom-agent, watched",
           "serve": "transom-serve", "viewer_file": "transom view, headless, a file without doorbells", "agent_alone": "transom-agent, nobody watches"}  # fmt: skip
TARGETS = {"viewer_headless": (20, 1), "viewer_sdl": (20, 1)}


def settle(bench):
    time.sleep(1 if bench.effort == "smallest" else SETTLE_SECONDS)


def row_of(name, figures):
    wakeups, cpu = TARGETS.get(name, (None, None))
    row = {"key": name, "what": WATCHED[name], "unit": "per_second", **figures}
    return judged(row | ({"peer": PEER} if wakeups else {}), wakeups_per_second=wakeups, cpu_percent=cpu)


def start_watched(bench, socket, server):
    watched = {"viewer_headless": start_viewer(bench, socket, "--renderer", "headless"), "agent_watched": start_agent(bench, socket, *STILL), "serve": server}
    environment = bench.on_display()
    if environment:
        watched["viewer_sdl"] = start_viewer(bench, socket, "--renderer", "sdl", environment=environment)
    return watched


def start_without_doorbells(bench):
    path = bench.work / "still-file"
    start_agent_on(bench, str(path), "--region-mib", "32", *STILL)
    wait_for(path.exists, "the agent makes the region")
    return start_viewer_on(bench, str(path), "--renderer", "headless")


def measure(bench):
    server, socket = bench.start_serve("64M")
    watched = start_watched(bench, socket, server)
    watched["viewer_file"] = start_without_doorbells(bench)
    settle(bench)
    seconds = bench.amount(20.0, 1.0) if bench.effort != "quick" else 4.0
    figures = usage(watched, seconds)
    require_running(bench, watched)
    agent = watched.pop("agent_watched")
    for name, child in watched.items():
        if name != "serve":
            bench.children.stop(child)
    time.sleep(3 if bench.effort != "smallest" else 0.5)
    figures |= usage({"agent_alone": agent}, seconds)
    bench.children.stop_all()
    bench.display = None
    return [row_of(name, figures[name]) for name in WATCHED if name in figures]


def steps(bench):
    seconds = {"full": 45, "quick": 25, "smallest": 4}[bench.effort]
    yield Step("still", seconds, lambda: measure(bench))


def tables(rows):
    lines = [[row["what"], with_unit(row["wakeups_per_second"], "per_second"), with_unit(row["cpu_percent"], "percent"),
              "20 /s, 1 %" if "targets" in row else "", goal(row)[1], row.get("peer", "")] for row in rows]  # fmt: skip
    return table(["process", "wake-ups", "of a core", "target", "", "peer: wake-ups"], lines)
