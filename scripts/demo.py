"""./demo: builds everything, boots a small Linux guest in QEMU, shows its screen in a window and takes keys and mouse back to it."""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))
from rig.chain import Chain, compare_at_rest  # noqa: E402
from rig.children import Children  # noqa: E402
from rig.display import Display  # noqa: E402
from rig.failure import CannotRun, StepFailed, log_tail, say, wait_until  # noqa: E402
from rig.guest import accelerator  # noqa: E402
from rig.pictures import write_png  # noqa: E402

BUILD_DIRECTORY = os.path.join(TOP, "build", "demo")
TYPED_LINE = "echo typed-$((6*7))-here | tee /dev/ttyS0"
TYPED_ANSWER = "typed-42-here"
HINT = """
  The window shows the guest's console. Type into it: `bounce` starts a moving picture, arrow keys play, q leaves.
  Close the window, or press Ctrl-C here, to stop everything.
"""


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./demo", description=__doc__, epilog="TRANSOM_ACCEL=kvm runs the guest on KVM; the default is "
                                     "QEMU's own emulation (tcg), which works everywhere.")  # fmt: skip
    parser.add_argument("--headless", action="store_true", help="no display needed: an X server in memory, and checks instead of you")
    parser.add_argument("--seconds", type=int, default=10, metavar="N", help="how long the headless demo plays (default 10)")
    parser.add_argument("--screenshot", metavar="FILE.png", help="headless: the viewer's window, as the X server has it")
    parser.add_argument("--json", metavar="FILE.json", help="headless: the facts")
    parser.add_argument("--yes", action="store_true", help="install missing packages without asking")
    return parser.parse_args()


class Demo:
    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.directory = directory
        self.children = Children(directory)
        self.began_s = time.monotonic()
        self.step = "start"
        self.facts = {"schema": 1, "ok": False, "failed_step": None, "accelerator": accelerator(), "boot_ms": None, "first_frame_ms": None,
                      "frames": None, "pixels": {"compared": 0, "wrong": None}, "typed_line_arrived": False,
                      "publish_to_seen_us": {"p50": None, "p99": None}}  # fmt: skip

    def begin(self, step, text):
        self.step = step
        say(f"[{time.monotonic() - self.began_s:5.1f} s] {text}")

    def guest_age_ms(self):
        return round((time.monotonic() - self.chain.guest.started_s) * 1000)

    def build(self):
        first = not os.path.exists(os.path.join(BUILD_DIRECTORY, "build.ninja"))
        self.begin("build", "building" + (", about a minute the first time" if first else ""))
        log = self.children.log_path("build")
        if first:
            self.command(log, "cmake", "-S", TOP, "-B", BUILD_DIRECTORY, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DTRANSOM_TESTS=OFF")
        self.command(log, "cmake", "--build", BUILD_DIRECTORY)

    def command(self, log, *argv):
        with open(log, "ab") as file:
            if subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False).returncode != 0:
                raise StepFailed(f"`{' '.join(argv[:3])} ...` failed", log)

    def start_chain(self, environment):
        self.chain = Chain(self.children, self.directory, BUILD_DIRECTORY, environment)
        self.begin("serve", "starting transom-serve")
        self.chain.start_serve()
        self.begin("guest", f"guest image and QEMU ({accelerator()})")
        self.chain.start_guest()
        self.begin("viewer", "starting the viewer")
        self.chain.start_viewer()

    def wait_for_picture(self):
        self.begin("boot", "the guest boots")
        self.chain.guest.wait_serial("guest: console ready")
        self.facts["boot_ms"] = self.guest_age_ms()
        self.begin("first_frame", f"the guest is up after {self.facts['boot_ms']} ms; waiting for its picture")
        self.chain.wait_first_frame()
        self.facts["first_frame_ms"] = self.guest_age_ms()

    def play_interactive(self):
        self.build()
        self.start_chain(dict(os.environ))
        self.wait_for_picture()
        self.begin("window", "the picture is there")
        say(HINT)
        self.chain.viewer.process.wait()
        if self.chain.viewer.process.returncode != 0:
            self.chain.viewer.require_running()

    def play_headless(self):
        self.build()
        self.begin("display", "starting an X server in memory")
        self.display = Display(self.children)
        self.start_chain(self.display.environment)
        self.wait_for_picture()
        self.window = self.display.wait_for_window(self.chain.viewer)
        until_s = time.monotonic() + self.arguments.seconds
        self.type_a_line()
        self.compare_pixels()
        self.play_until(until_s)
        self.collect_stats()

    def type_a_line(self):
        self.begin("typed_line", "typing a line into the window")
        mark = self.chain.guest.serial_mark()
        self.display.type_line(self.window, TYPED_LINE)
        self.chain.guest.wait_serial(TYPED_ANSWER, 20, mark)
        self.facts["typed_line_arrived"] = True

    def compare_pixels(self):
        self.begin("pixels", "comparing the window with QEMU's own picture of the guest's screen")
        picture, wrong = compare_at_rest(self.chain, self.display, self.window)
        self.facts["pixels"] = {"compared": picture.width * picture.height, "wrong": wrong}
        if self.arguments.screenshot:
            write_png(picture, self.arguments.screenshot)
        if wrong:
            raise StepFailed(f"{wrong} of {picture.width * picture.height} pixels differ")

    def play_until(self, until_s):
        if time.monotonic() >= until_s:
            return
        self.begin("play", f"a moving picture for {max(1, round(until_s - time.monotonic()))} s")
        self.display.type_line(self.window, "bounce")
        wait_until(lambda: self.chain.viewer.require_running() or time.monotonic() >= until_s, self.arguments.seconds + 5, "the moving picture")

    def collect_stats(self):
        self.step = "stats"
        stats = self.chain.stats()
        self.facts["frames"] = stats.get("frames")
        seen = stats.get("publish_to_seen_us") or {}
        self.facts["publish_to_seen_us"] = {"p50": seen.get("p50"), "p99": seen.get("p99")}

    def run(self):
        try:
            self.play_headless() if self.arguments.headless else self.play_interactive()
            self.facts["ok"] = True
            return 0
        except CannotRun as reason:
            self.facts["failed_step"] = self.step
            say(f"demo: cannot run here: {reason}")
            return 77
        except StepFailed as failure:
            self.facts["failed_step"] = self.step
            say(log_tail(failure.log))
            say(f"demo: step `{self.step}` failed: {failure}. Logs: {self.directory}")
            return 1
        except KeyboardInterrupt:
            self.facts["failed_step"] = self.step
            say(f"demo: stopped in step `{self.step}`" + ("" if self.step == "window" else f". Logs: {self.directory}"))
            return 0 if self.step == "window" else 1
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # one is enough: the rest is quick and must be complete
            self.children.stop_all()
            self.write_facts()

    def write_facts(self):
        if self.arguments.json:
            with open(self.arguments.json, "w", encoding="utf-8") as file:
                json.dump(self.facts, file, indent=2)
                file.write("\n")


def remove_all_but_logs(directory):
    """What a failed run leaves behind is what explains it: no sockets, no pictures."""
    for name in os.listdir(directory):
        if not name.endswith(".log"):
            os.unlink(os.path.join(directory, name))


def have_display():
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    if not arguments.headless and not have_display():
        say("demo: there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set); `./demo --headless --screenshot picture.png` needs none")
        return 77
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    directory = tempfile.mkdtemp(prefix="transom-demo-", dir=os.environ.get("XDG_RUNTIME_DIR"))
    status = Demo(arguments, directory).run()
    if status == 1:
        remove_all_but_logs(directory)
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
