"""The guest: QEMU with our small Linux, its serial line, its control shell and its monitor."""
import os
import re
import shlex
import shutil
import socket
import subprocess
import time

from .failure import CannotRun, StepFailed, wait_until
from .pictures import parse_ppm
from .qmp import Qmp

TOP = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BOOT_TIMEOUT_S = 90
COMMAND_TIMEOUT_S = 30
EXIT_CANNOT_RUN = 77
QEMU = "qemu-system-x86_64"


def accelerator():
    """Never found out by trial: a /dev/kvm that opens may still be no use. The user says."""
    return os.environ.get("TRANSOM_ACCEL", "tcg")


def build_image(build_directory, offline):
    """Paths of kernel and initial RAM disk, from the cache when nothing changed. `offline`: tests never use the network."""
    command = [os.path.join(TOP, "tests/guest/build_guest_image"), build_directory] + (["--offline"] if offline else [])
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode == EXIT_CANNOT_RUN:
        raise CannotRun("the guest's kernel is not in the cache; tests/guest/build_guest_image fetches it (./check and ./demo do so)")
    if result.returncode != 0:
        raise StepFailed("the guest image cannot be built (see above)")
    return dict(line.split(" ", 1) for line in result.stdout.splitlines())


class Guest:
    def __init__(self, children, directory, image, region_socket, screen="bochs-display,vgamem=32M", usb=False, agent=(), video="1280x800"):
        if not shutil.which(QEMU):
            raise CannotRun(f"{QEMU} is not installed")
        self.directory = directory
        self.serial = os.path.join(directory, "serial.log")
        self.control_socket = os.path.join(directory, "guest-shell.sock")  # control.sock is transom-serve's
        # A monitor serves one client at a time: one is the viewer's, one is ours.
        self.qmp_socket = os.path.join(directory, "qmp.sock")
        self.own_qmp_socket = os.path.join(directory, "own-qmp.sock")
        self.control = None
        self.commands = 0
        self.started_s = time.monotonic()
        self.qemu = children.start("qemu", self.argv(image, region_socket, screen, agent, video) + (self.usb_argv(region_socket) if usb else []))
        wait_until(lambda: self.answers(self.own_qmp_socket), 20, "QEMU's monitor socket", self.qemu.log)
        self.qmp = Qmp(self.own_qmp_socket)

    def argv(self, image, region_socket, screen, agent, video):
        """`agent`: its arguments, where it is to have others. `video`: as the kernel's parameter, for each output that is named."""
        words = "console=ttyS0 quiet panic=-1" + "".join(f" video={word}" for word in video.split()) + (" transom_agent=" + ",".join(agent) if agent else "")
        return [
            QEMU, "-M", "q35", "-accel", accelerator(), "-cpu", "max", "-smp", "1", "-m", "512", "-nodefaults", "-display", "none",
            "-kernel", image["kernel"], "-initrd", image["initrd"], "-append", words,
            "-device", screen, "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
            "-serial", f"file:{self.serial}",
            "-chardev", f"socket,id=control,path={self.control_socket},server=on,wait=off", "-serial", "chardev:control",
            "-chardev", f"socket,id=region,path={region_socket}", "-device", "ivshmem-doorbell,chardev=region,vectors=2",
            "-qmp", f"unix:{self.qmp_socket},server=on,wait=off", "-qmp", f"unix:{self.own_qmp_socket},server=on,wait=off",
        ]  # fmt: skip

    def usb_argv(self, region_socket):
        """A channel for a USB keyboard and mouse, by transom-serve; and a mouse for QMP, whose tablet knows no relative motion."""
        path = os.path.join(os.path.dirname(region_socket), "usb-input.sock")
        return [
            "-device", "virtio-mouse-pci", "-device", "qemu-xhci",
            "-chardev", f"socket,id=usb,path={path},reconnect=1", "-device", "usb-redir,chardev=usb",
        ]  # fmt: skip

    def answers(self, path):
        self.qemu.require_running()
        return os.path.exists(path)

    # The serial line: what the guest's programs say. Marks let a wait begin behind what was already said.
    def serial_text(self, since=0):
        if not os.path.exists(self.serial):
            return ""
        with open(self.serial, encoding="utf-8", errors="replace") as file:
            file.seek(since)
            return file.read()

    def serial_mark(self):
        return os.path.getsize(self.serial) if os.path.exists(self.serial) else 0

    def wait_serial(self, pattern, timeout_s=BOOT_TIMEOUT_S, since=0):
        def look():
            self.qemu.require_running()
            return re.search(pattern, self.serial_text(since))

        return wait_until(look, timeout_s, f"the guest's serial line says /{pattern}/", self.serial)

    # The control shell on the second serial port.
    def run(self, command, timeout_s=COMMAND_TIMEOUT_S):
        """Runs a command in the guest; its output. Status not 0: StepFailed."""
        self.connect_control()
        self.commands += 1
        marker = f"done-{self.commands}-"
        self.control.sendall(f"sh -c {shlex.quote(command)} </dev/null 2>&1; echo {marker}$?\n".encode())
        output, status = self.read_control(re.compile(rf"^(.*?){marker}(\d+)\r?\n", re.DOTALL), timeout_s, command)
        if status != 0:
            raise StepFailed(f"in the guest, `{command}` ended with status {status}: {output.strip()}")
        return output

    def connect_control(self):
        if self.control is None:
            self.control = socket.socket(socket.AF_UNIX)
            self.control.connect(self.control_socket)

    def read_control(self, pattern, timeout_s, command):
        """(what came before the marker, the status behind it)"""
        deadline, text = time.monotonic() + timeout_s, ""
        while not (match := pattern.search(text)):
            self.control.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                data = self.control.recv(65536)
            except TimeoutError as error:
                raise StepFailed(f"in the guest, `{command}` said nothing more for {timeout_s} s: {text!r}", self.serial) from error
            if not data:
                raise StepFailed(f"the guest's control line closed during `{command}`", self.qemu.log)
            text += data.decode(errors="replace")
        return match.group(1).replace("\r", ""), int(match.group(2))

    def screendump(self, **of):
        """`of`: device and head, where there are several."""
        path = os.path.join(self.directory, "screendump.ppm")
        self.qmp.execute("screendump", filename=path, **of)
        with open(path, "rb") as file:
            return parse_ppm(file.read())

    def paused(self):
        return Paused(self.qmp)


class Paused:
    """with guest.paused(): the guest stands still."""

    def __init__(self, qmp):
        self.qmp = qmp

    def __enter__(self):
        self.qmp.execute("stop")

    def __exit__(self, *_):
        self.qmp.execute("cont")
