"""The relation of two clocks that are one here, found without being told: how wide its bound is, and how many frames it leaves out."""
import json

from .processes import start_agent
from .rows import Step, figure, plain_table

NAME, TITLE = "clocks", "Clocks"


def measure(bench):
    server, socket = bench.start_serve("64M")
    agent = start_agent(bench, socket, "--size", "1280x800", "--damage", "5")
    seconds = bench.amount(30, 2 if bench.effort == "smallest" else 6)
    report = json.loads(bench.output("host/cli/transom", "latency", "--region", f"server:{socket}", "--seconds", seconds, "--json", "-"))
    bench.children.stop(agent)
    bench.children.stop(server)
    frames, unknown = report["frames"], report["stamps"]["unknown"]
    return [figure("bound", "worst bound of any one-way figure", "us", report["stages"]["publish_to_presented"]["bound_us"]),
            figure("withheld", "frames without one-way figures: before the first exchange, or across a step", "percent",
                   100 * unknown / max(frames, 1), 1, note=f"{unknown} of {frames}"),
            figure("exchanges", "exchanges", "per_second", report["clock_exchanges"] / seconds),
            figure("steps", "steps seen, of a clock that made none", "", report["clock_steps"], 0)]  # fmt: skip


def steps(bench):
    yield Step("relation", bench.amount(30, 2 if bench.effort == "smallest" else 6) + 1, lambda: measure(bench))


tables = plain_table
