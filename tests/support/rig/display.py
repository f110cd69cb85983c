"""An X server in memory, and what other programs see and do on it: windows are read back by xwd and typed into by xdotool (XTest)."""
import ctypes
import os
import shutil
import subprocess

from .failure import CannotRun, StepFailed, wait_until
from .pictures import parse_xwd

SCREEN = "2048x1200x24"
START_TIMEOUT_S = 20
KEY_DELAY_MS = 40  # the guest is emulated: its keyboard has a queue of 64 events


CLIENT_MESSAGE = 33


class ClientMessage(ctypes.Structure):
    """X11/Xlib.h: XClientMessageEvent, padded to an XEvent."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong), ("format", ctypes.c_int), ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 12),
    ]  # fmt: skip


class Display:
    def __init__(self, children, name="xvfb", screen=SCREEN):
        for tool in ("Xvfb", "xdotool", "xwd"):
            if not shutil.which(tool):
                raise CannotRun(f"{tool} is not installed")
        read_end, write_end = os.pipe()
        argv = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
        self.server = children.start(name, argv, pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as file:  # the server picks a free number and says which
            number = file.readline().strip()
        if not number:
            raise StepFailed("the X server did not start", self.server.log)
        self.environment = {k: v for k, v in os.environ.items() if k not in ("WAYLAND_DISPLAY", "XAUTHORITY")}
        # libdbus would fork for a bus of its own, and a child of a sanitized process may hang before it becomes that bus
        self.environment.update(DISPLAY=f":{number}", SDL_VIDEODRIVER="x11", DBUS_SESSION_BUS_ADDRESS="disabled:")

    def run(self, *argv):
        result = subprocess.run(argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                timeout=30, check=False)
        return result.returncode, result.stdout, result.stderr.decode(errors="replace")

    def find_window(self, *criterion):
        status, output, _ = self.run("xdotool", "search", "--onlyvisible", *criterion)
        return output.split()[-1].decode() if status == 0 and output.split() else None

    def wait_for_window(self, child, title=None):
        """By its title, else by the process that it says it belongs to."""

        def look():
            child.require_running()
            return self.find_window("--name", title) if title else self.find_window("--pid", str(child.pid))

        return wait_until(look, START_TIMEOUT_S, f"{child.name}'s window", child.log)

    def do(self, *command):
        """One xdotool command that must succeed."""
        status, _, error = self.run("xdotool", *command)
        if status != 0:
            raise StepFailed(f"xdotool {command[0]}: {error.strip()}")

    def focus(self, window):
        """There is no window manager: pointer and focus go where we say."""
        self.do("mousemove", "--window", window, "40", "40")
        self.do("windowfocus", "--sync", window)

    def close(self, window):
        """As a window manager does: asks the program. xdotool's own windowclose destroys the window under it."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        server = ctypes.c_void_p(x11.XOpenDisplay(self.environment["DISPLAY"].encode()))
        protocols, delete = (x11.XInternAtom(server, name, False) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
        event = ClientMessage(CLIENT_MESSAGE, 0, True, server, int(window), protocols, 32, (delete, 0, 0, 0, 0))
        x11.XSendEvent(server, ctypes.c_ulong(int(window)), False, ctypes.c_long(0), ctypes.byref(event))
        x11.XCloseDisplay(server)

    def pointer_in(self, window):
        """(x, y) in the window."""
        place = {}
        for command in (["getmouselocation", "--shell"], ["getwindowgeometry", "--shell", window]):
            _, output, _ = self.run("xdotool", *command)
            words = dict(line.split("=") for line in output.decode().split())
            place[command[0]] = int(words["X"]), int(words["Y"])
        pointer, corner = place["getmouselocation"], place["getwindowgeometry"]
        return pointer[0] - corner[0], pointer[1] - corner[1]

    def type_line(self, window, line):
        self.focus(window)
        self.do("type", "--delay", str(KEY_DELAY_MS), line)
        self.do("key", "Return")

    def read_screen(self):
        return self.read_xwd("-root")

    def read_window(self, window):
        return self.read_xwd("-id", window)

    def read_xwd(self, *which):
        status, data, error = self.run("xwd", "-silent", "-nobdrs", *which)
        if status != 0:
            raise StepFailed(f"xwd cannot read it: {error.strip()}")
        return parse_xwd(data)
