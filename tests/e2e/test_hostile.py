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


def scribble(rig, seed, where):
    rig.guest.run(f"scribble {SCRIBBLE_S} {seed} {where}", SCRIBBLE_S * 4 + 30)
    rig.chain.serve.require_running()
    require_alive(rig)


def require_picture_from_new_agent(rig, epoch):
    """An honest agent begins anew, and the window is right again."""
    rig.guest.run("killall -9 transom-agent; true")
    wait_new_epoch(rig, epoch)
    wait_until(lambda: rig.chain.shown_sequence() == rig.chain.region.newest_sequence(), 60, "the viewer is back", rig.chain.viewer.log)
    picture, wrong = compare_at_rest(rig.chain, rig.display, rig.window)
    assert wrong == 0, f"{wrong} of {picture.width * picture.height} pixels differ"


def survive(rig, seed):
    epoch = rig.chain.region.epoch()
    scribble(rig, seed, "all")
    # An agent does not touch memory that holds something else than a region; its message says what to do.
    rig.guest.run("scribble zero")
    require_picture_from_new_agent(rig, epoch)


def scribbled_region_once(rig):
    survive(rig, SEEDS[0])


def scribbled_region_again(rig):
    survive(rig, SEEDS[1])


def scribbled_frames(rig):
    """With a valid header the viewer stays attached, and every gate behind it refuses something."""
    epoch, before = rig.chain.region.epoch(), rig.chain.stats()
    scribble(rig, SEEDS[0], "frames")
    after = rig.chain.stats()
    assert after["bad"] > before["bad"], f"no record was refused: {before} {after}"
    assert rig.chain.region.epoch() == epoch, "the header was not spared"
    require_picture_from_new_agent(rig, epoch)


def no_sanitizer_report(rig):
    with open(rig.chain.viewer.log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    assert "Sanitizer" not in text and "runtime error" not in text, "the viewer's log has a sanitizer's report"


TESTS = [scribbled_frames, scribbled_region_once, scribbled_region_again, no_sanitizer_report]
