"""The agent's ways from a texture to the region, on Mesa's Direct3D under Wine: every pixel of every frame, whole or by damage. The witness is
watch_card, which copies only what a frame's damage names and checks the picture's checksum."""
import json
import os
import random
import signal
import time

from rig.failure import wait_until
from rig.region import RegionFile
from rig.wine import windows_path

AGENT = "guest/windows/transom-agent.exe"
WINDOW = "tests/windows/guest/desk_window.exe"
BENCH_SCREEN = (1920, 1080)
NO_PEER = 0xFFFFFFFF
FRAME_TIMEOUT_S = 40
SETTLING_MS = 20  # RETRY_SETTLING_NS in guest/core
FRAMES = 24
KILLS_LONG = 1000


class Watch:
    def __init__(self, rig, region):
        self.path = os.path.join(rig.directory, f"watch-{time.monotonic_ns()}.json")
        with open(self.path, "wb") as output:
            program = os.path.join(rig.build_directory, "tests/windows/watch_card")
            self.child = rig.children.start("watch-card", [program, region], stdout=output)

    def counts(self):
        """The newest report; {} before the first."""
        self.child.require_running()
        with open(self.path, "rb") as file:
            file.seek(max(0, os.path.getsize(self.path) - 2048))
            lines = [line for line in file.read().split(b"\n")[:-1] if line.startswith(b"{")]
        return json.loads(lines[-1]) if lines else {}

    def wait_frames(self, count, agent, epoch=None):
        """`count` frames of an epoch other than `epoch`."""

        def enough():
            agent.require_running()
            counts = self.counts()
            return counts.get("frames_in_epoch", 0) >= count and counts["epoch"] != epoch and counts

        return wait_until(enough, FRAME_TIMEOUT_S, f"{count} frames", agent.log)

    def stop(self):
        """The last report, which must be without a fault."""
        self.child.stop()
        with open(self.path, "rb") as file:
            counts = json.loads(file.read().split(b"\n")[-2])
        for kind in ("faults", "bad_records", "stamps_wrong", "clock_wrong", "converted_wrong"):
            assert counts[kind] == 0, f"{kind}: {counts}"
        return counts


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_agent(rig, region, *options):
    return rig.wine.start("agent", AGENT, "run", "--region", windows_path(region), "--log-level", "warning", *options)


def check_copies(rig, way, size, damage, texture_format="bgra8", frames=FRAMES):
    region = rig.region_path(f"{way}-{size}-{damage}-{texture_format}", 64)
    watch = Watch(rig, region)
    agent = start_agent(rig, region, "--source", "texture", "--copy", way, "--size", size, "--damage", damage, "--format", texture_format,
                        "--rate", "120")  # fmt: skip
    watch.wait_frames(frames, agent)
    agent.stop(signal.SIGKILL)
    counts = watch.stop()
    os.unlink(region)
    return counts


def every_way(rig, way):
    """Whole frames, boxes of damage, widths that no pitch fits, heights that no band divides."""
    for size, damage in (("640x480", 100), ("640x480", 10), ("333x257", 30), ("1366x77", 3), ("1281x801", 1)):
        counts = check_copies(rig, way, size, damage)
        print(f"       {way} {size} {damage}%: {counts['frames']} frames, 0 wrong; {counts['partial']} looks at part of a frame", flush=True)
    check_copies(rig, way, "333x257", 30, "rgba16f")


def d3d12_readback_is_exact(rig):
    every_way(rig, "readback")


def d3d11_staging_is_exact(rig):
    every_way(rig, "staging")


def new_size_on_the_same_region(rig):
    """One agent after the other on one region, each with another mode: the reader follows, 0 wrong."""
    region = rig.region_path("resize", 64)
    watch, epoch = Watch(rig, region), None
    for size in ("800x600", "322x200", "1024x768", "801x601"):
        agent = start_agent(rig, region, "--source", "texture", "--copy", "readback", "--size", size, "--rate", "120", "--damage", "20")
        epoch = watch.wait_frames(FRAMES, agent, epoch)["epoch"]
        agent.stop(signal.SIGKILL)
    watch.stop()


def rungs_fail_one_after_the_other(rig):
    """Each fault leads to the next rung; none left is said, and is no loop."""
    for fault, last in (("direct", "d3d12-readback"), ("direct,readback", "d3d11-staging")):
        region = rig.region_path(f"fault-{fault}", 64)
        watch = Watch(rig, region)
        agent = rig.wine.start("agent-fault", AGENT, "run", "--region", windows_path(region), "--source", "texture", "--fault", fault)
        watch.wait_frames(5, agent)
        agent.stop(signal.SIGKILL)
        watch.stop()
        with open(agent.log, encoding="utf-8", errors="replace") as log:
            assert f"by texture, {last}" in log.read(), f"--fault {fault} did not end at {last}"
    region = rig.region_path("fault-all", 64)
    options = ("--source", "texture", "--fault", "direct,readback,staging", "--seconds", "2", "--stats", "json")
    output = rig.wine.require(AGENT, "run", "--region", windows_path(region), *options)
    assert "no way to read the screen works here" in output, output
    stats = json.loads([line for line in output.splitlines() if line.startswith("{")][-1])
    assert stats["frames_published"] == 0 and output.count(" does not work: ") == 3, f"each rung once: {stats} {output}"
    assert stats["screen_looks"] <= 4 + 2000 / SETTLING_MS, stats  # once a second, and while a rung is being made


def clock_and_stamps(rig):
    """Under Wine the guest's counter is this machine's CLOCK_MONOTONIC_RAW: stages are in order, each exchange lies inside
    its own, and a stamp that the host's clock mapping converts lies within its stated bound of itself."""
    region = rig.region_path("clock", 64)
    watch = Watch(rig, region)
    agent = start_agent(rig, region, "--source", "test-card", "--size", "640x480", "--rate", "60")
    wait_until(lambda: watch.counts().get("converted", 0) >= 60, FRAME_TIMEOUT_S, "60 converted stamps", agent.log)
    agent.stop(signal.SIGKILL)
    counts = watch.stop()
    print(f"       {counts['clock_answers']} exchanges, {counts['frames']} frames: 0 out of order; {counts['converted']} stamps converted, all within "
          f"their bounds, the widest {counts['bound_ns_max'] / 1e3:.0f} us", flush=True)


def killed_while_watched(rig):
    """Killed at random points: no frame that passed for whole is torn, and the picture is back after each restart."""
    kills = KILLS_LONG if os.environ.get("TRANSOM_LONG") else KILLS_LONG // 100
    seed = int(os.environ.get("TRANSOM_SEED", time.time_ns() % 100000))
    print(f"       {kills} kills, TRANSOM_SEED={seed}", flush=True)
    chance, region, epoch = random.Random(seed), rig.region_path("kills", 32), None
    watch = Watch(rig, region)
    for _ in range(kills):
        source = ["--source", "test-card"] if chance.random() < 0.8 else ["--source", "texture", "--copy", "readback"]
        agent = start_agent(rig, region, *source, "--size", "800x600", "--rate", "0", "--damage", str(chance.choice((5, 40, 100))))
        epoch = watch.wait_frames(1 + chance.randrange(4), agent, epoch)["epoch"]
        end_s = time.monotonic() + chance.random() * 0.02
        while time.monotonic() < end_s:
            pass
        agent.stop(signal.SIGKILL)
    counts = watch.stop()
    assert counts["epochs"] >= kills, counts
    print(f"       {counts['frames']} frames of {counts['epochs']} agents, {counts['dropped']} dropped as torn by the reader, 0 wrong", flush=True)


def cpu_of_gdi(rig):
    """The same for a desktop of 1080p on which a window of that size moves as a whole, 60 times a second if Wine paints it so often."""
    window = rig.wine.start("moving", WINDOW, "moving", 0, 0, *BENCH_SCREEN, 16)
    region_path = rig.region_path("cpu-gdi", 64)
    agent = start_agent(rig, region_path, "--source", "gdi")
    region = RegionFile(region_path)
    wait_until(region.newest_sequence, FRAME_TIMEOUT_S, "the agent publishes a frame", agent.log)
    region.arm(5, peer=NO_PEER, token=0)
    before = region.newest_sequence()
    wait_until(lambda: region.newest_sequence() >= before + 3, FRAME_TIMEOUT_S, "the desktop moves", agent.log)
    before, began_s, cpu_s = region.newest_sequence(), time.monotonic(), cpu_seconds(agent.pid)
    wait_until(lambda: region.newest_sequence() >= before + 40, FRAME_TIMEOUT_S, "40 frames", agent.log)
    frames, used_s, took_s = region.newest_sequence() - before, cpu_seconds(agent.pid) - cpu_s, time.monotonic() - began_s
    for child in (agent, window):
        child.stop(signal.SIGKILL)
    region.close()
    os.unlink(region_path)
    print(f"       bench: gdi 1080p60: {used_s / frames * 1e3:.2f} ms of processor a frame, {frames / took_s:.1f} frames/s published", flush=True)


def cpu_of_each_way(rig):
    """Figures, not asserted: what a frame of 1080p at 60 a second costs the processor, Mesa's software GPU and Wine included."""
    for source in (["test-card"], ["texture", "--copy", "readback"], ["texture", "--copy", "staging"]):
        name = source[-1]
        region = rig.region_path(f"cpu-{name}", 64)
        watch = Watch(rig, region)
        agent = start_agent(rig, region, "--source", *source, "--size", "1920x1080", "--rate", "60")
        seen = watch.wait_frames(3, agent)["frames"]
        view = RegionFile(region)
        before = view.newest_sequence()
        began_s, cpu_s = time.monotonic(), cpu_seconds(agent.pid)
        seen = watch.wait_frames(seen + 40, agent)["frames"] - seen
        used_s, took_s = cpu_seconds(agent.pid) - cpu_s, time.monotonic() - began_s
        frames = max(view.newest_sequence() - before, 1)
        view.close()
        agent.stop(signal.SIGKILL)
        watch.stop()
        os.unlink(region)
        print(f"       bench: {name} 1080p60: {used_s / frames * 1e3:.2f} ms of processor a frame, {frames / took_s:.1f} frames/s published, "
              f"{seen / took_s:.1f} seen by a reader", flush=True)  # fmt: skip


BENCH = [cpu_of_each_way, cpu_of_gdi]
TESTS = [
    d3d12_readback_is_exact,
    d3d11_staging_is_exact,
    new_size_on_the_same_region,
    rungs_fail_one_after_the_other,
    clock_and_stamps,
    killed_while_watched,
]
