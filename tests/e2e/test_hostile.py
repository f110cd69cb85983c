"""A guest that writes nonsense over the whole live region: the viewer and the server live on, and an honest agent gets the picture back."""
import os

from rig.chain import compare_at_rest
from rig.failure import wait_until
from test_restarts import wait_new_epoch

SCRIBBLE_S = 60 if os.environ.get("TRANSOM_LONG") else 6
SEEDS = (1, 20261)


def require_alive(rig):
    """The viewer runs and its event loop turns: it goes on reporting."""
    rig.chain.viewer.require_running()
    before = rig.chain.stats()["elapsed_ms"]
    wait_until(lambda: rig.chain.stats()["elapsed_ms"] > before, 10, "the viewer reports", rig.chain.viewer.log)


def survive(rig, seed):
    epoch = rig.chain.region.epoch()
    rig.guest.run(f"scribble {SCRIBBLE_S} {seed}", SCRIBBLE_S * 4 + 30)
    rig.chain.serve.require_running()
    require_alive(rig)
    # An agent does not touch memory that holds something else than a region; its message says to zero it.
    rig.guest.run("scribble zero; killall -9 transom-agent; true")
    wait_new_epoch(rig, epoch)
    wait_until(lambda: rig.chain.shown_sequence() == rig.chain.region.newest_sequence(), 60, "the viewer is back", rig.chain.viewer.log)
    picture, wrong = compare_at_rest(rig.chain, rig.display, rig.window)
    assert wrong == 0, f"{wrong} of {picture.width * picture.height} pixels differ"


def scribbled_region_once(rig):
    survive(rig, SEEDS[0])


def scribbled_region_again(rig):
    survive(rig, SEEDS[1])


def no_sanitizer_report(rig):
    with open(rig.chain.viewer.log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    assert "Sanitizer" not in text and "runtime error" not in text, "the viewer's log has a sanitizer's report"


TESTS = [scribbled_region_once, scribbled_region_again, no_sanitizer_report]
