"""How a frame reaches a consumer: by doorbell, by polling at predicted times, by spinning; and how long reading all of it takes."""
import json
import subprocess
import time

from .processes import cpu_ns, start_agent, start_agent_on, start_viewer, start_viewer_on, wait_for
from .rows import Step, figure, plain_table, quantiles, timing

NAME, TITLE = "transport", "Transport: from published to seen"
PEER_DOORBELL = "473-584 / 1069-1448 µs"
PEER_CONSUMED = {"1080p": "1300-1700 µs", "4K": "4200-5400 µs"}
REGION_MIB = "64"


def ways(bench):
    """key, what, words for bench_transport, targets"""
    frames = bench.amount(1050, 30)
    polled = {"p50": 120}
    return [
        ("doorbell", "doorbell, sleeping consumer, pauses of 1-4 ms", ["doorbell", bench.amount(10000, 100)], {"p50": 60, "p99": 250}),
        ("doorbell_60", "doorbell, sleeping consumer, 60 fps", ["doorbell", frames, 60], {}),
        ("polling_60", "no doorbell, predictive polling, steady 60 fps", ["polling", frames, 60, 0], polled),
        ("polling_144", "no doorbell, predictive polling, steady 144 fps", ["polling", frames, 144, 0], {}),
        ("polling_jitter", "no doorbell, predictive polling, 60 fps up to 4 ms late", ["polling", frames, 60, 4000], {}),
        ("spin_60", "no doorbell, spinning, 60 fps", ["spin", frames, 60], {}),
    ]


def measure_way(bench, key, what, words, targets):
    facts = bench.transport(f"{REGION_MIB}M", *words)
    more = {"cpu_percent": facts["cpu_percent"], "looks_per_second": facts["looks_per_second"]}
    more |= {"peer": PEER_DOORBELL} if key == "doorbell" else {}
    rows = [timing(key, f"publish → seen, {what}", "us", quantiles(facts["publish_to_seen_us"]), **targets, **more)]
    if key == "polling_60":
        rows.append(figure("polling_60_cpu", "predictive polling at 60 fps: share of a core", "percent", facts["cpu_percent"], 3))
    return rows


def watch_agent(bench, start_agent_there, start_viewer_there):
    """The product's own programs, the viewer with its own histogram: (publish to seen, share of a core)."""
    agent = start_agent_there("--size", "1280x800", "--damage", "5")
    frames = bench.amount(1050, 30)
    viewer = start_viewer_there("--renderer", "headless", "--same-clock", "--stats", "json", "--stats-interval-ms", "200", "--frames", frames,
                                stdout=subprocess.PIPE)  # fmt: skip
    line, busy_ns, began = b"", 0, time.monotonic()
    for line in viewer.stdout:
        if viewer.poll() is None and json.loads(line)["event"] == "tick":
            busy_ns, elapsed = cpu_ns(viewer.pid), time.monotonic() - began
    viewer.wait(60)
    bench.children.stop(agent)
    return json.loads(line)["publish_to_seen_us"], busy_ns / 1e7 / elapsed


def measure_product(bench):
    server, socket = bench.start_serve(f"{REGION_MIB}M")
    seen, cpu = watch_agent(bench, lambda *words: start_agent(bench, socket, *words), lambda *words, **more: start_viewer(bench, socket, *words, **more))
    bench.children.stop(server)
    return [timing("product", "publish → seen, transom-agent → transom view, doorbell, 60 fps", "us", quantiles(seen), 60, 250, cpu_percent=cpu,
                   peer=PEER_DOORBELL)]  # fmt: skip


def measure_product_file(bench):
    """A plain file as region, as with ivshmem-plain: nobody rings."""
    path = bench.work / "region-file"

    def agent(*words):
        child = start_agent_on(bench, str(path), "--region-mib", REGION_MIB, *words)
        wait_for(path.exists, "the agent makes the region")
        return child

    seen, cpu = watch_agent(bench, agent, lambda *words, **more: start_viewer_on(bench, str(path), *words, **more))
    return [timing("product_file", "publish → seen, transom-agent → transom view, a file without doorbells, 60 fps", "us", quantiles(seen), 120,
                   cpu_percent=cpu)]  # fmt: skip


def measure_consumed(bench, name, size, width, height):
    """With one memory pass over the same bytes beside it, in turns frame by frame."""
    facts = bench.transport(size, "consume", width, height, bench.amount(300, 10))
    key = f"consumed_{name.lower()}"
    whole, bands, plain = (quantiles(facts[part]) for part in ("publish_to_consumed_us", "publish_to_consumed_bands_us", "memcpy_us"))
    return [timing(key, f"publish → consumed, {name}, full frames", "us", whole, peer=PEER_CONSUMED[name]),
            timing(f"{key}_bands", f"publish → consumed, {name}, by bands", "us", bands),
            timing(f"{key}_memcpy", f"plain memcpy of the same bytes, {name}", "us", plain),
            figure(f"{key}_ratio", f"publish → consumed / memcpy, {name}", "times", whole["p50"] / plain["p50"], 1.3 if name == "4K" else None),
            figure(f"{key}_bands_ratio", f"by bands / memcpy, {name}", "times", bands["p50"] / plain["p50"])]  # fmt: skip


def steps(bench):
    pace = {"doorbell": 0.0026, "polling_144": 0.007}
    for key, what, words, targets in ways(bench):
        yield Step(key, 1 + words[1] * pace.get(key, 0.0167), lambda k=key, w=what, x=words, t=targets: measure_way(bench, k, w, x, t))
    for key, measure in (("product", measure_product), ("product_file", measure_product_file)):
        yield Step(key, 1 + bench.amount(1050, 30) * 0.0167, lambda m=measure: m(bench))
    for name, size, width, height in (("1080p", "64M", 1920, 1080), ("4K", "128M", 3840, 2160)):
        yield Step(f"consumed_{name}", 1 + bench.amount(300, 10) * 0.06, lambda a=(name, size, width, height): measure_consumed(bench, *a))


tables = plain_table
