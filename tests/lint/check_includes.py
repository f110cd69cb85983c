#!/usr/bin/env python3
"""Who may include what. The tables below are the rules; an exception is a line here, so that it is reviewed.

usage: check_includes.py [ROOT]
"""

import re
import sys

import source_tree

# Pure C11 of the standard library: all that protocol/ and seam headers may use.
C_STANDARD = set(
    "assert ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint "
    "stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype".split()
)

# protocol/ calls no operating system, allocates nothing and prints nothing, so not even all of that.
PROTOCOL_STANDARD = set("assert errno inttypes limits stdbool stddef stdint string".split())

# The host is Linux and the agent's two systems have directories of their own; elsewhere the suffix says it.
LINUX = re.compile(
    r"^(sys|linux|asm|net|netinet|arpa|bits)/|^(dirent|dlfcn|endian|fcntl|fnmatch|ftw|getopt|glob|grp|libgen|poll|pthread|pwd|sched|"
    r"semaphore|spawn|strings|syslog|termios|ucontext|unistd|utime)\.h$"
)
WINDOWS = re.compile(
    r"^(windows|winsock2|process|bcrypt|aclapi|avrt|sddl|shlobj|tlhelp32|wtsapi32|setupapi|cfgmgr32|initguid|shellapi|winioctl|"
    r"d3d\w+|dxgi\w*)\.h$",
    re.I,
)
SIMD = re.compile(r"^(emmintrin|smmintrin|tmmintrin|immintrin|x86intrin|cpuid)\.h$")

# Longest prefix wins. Each part may include itself and these.
SIBLINGS = ["host/link/", "host/serve/", "host/input/", "host/usb/", "host/present/", "host/vm/", "host/stats/", "host/doctor/"]
BASE = ["common/", "protocol/"]
PARTS = {
    "protocol/": [],
    "common/": [],
    "guest/core/": BASE,
    "guest/linux/": BASE + ["guest/core/"],
    "guest/windows/": BASE + ["guest/core/"],
    "host/event/": BASE,
    "host/devices/": BASE + ["host/event/"],
    **{sibling: BASE + ["host/event/", "host/devices/"] for sibling in SIBLINGS},
    "host/input/": BASE + ["host/event/", "host/devices/", "host/usb/"],
    "host/doctor/": BASE + ["host/event/", "host/vm/"],  # what it looks at is what setup and view find
    "host/app/": BASE + SIBLINGS + ["host/event/", "host/devices/"],
    "host/cli/": BASE + SIBLINGS + ["host/event/", "host/devices/", "host/app/"],
    "host/main": ["common/", "host/cli/"],
    "tests/": BASE + SIBLINGS + ["host/event/", "host/devices/", "host/app/", "host/cli/", "guest/", "support/"],
}
INCLUDE_EXCEPTIONS = {
    ("host/input/input_sink_qmp.c", "host/vm/qmp_client.h"),
    *(("host/present/vulkan/vulkan_pipeline.c", f"shader_{name}.h") for name in ("overlay_frag", "picture_frag", "window_vert")),  # generated
    ("host/present/feedback/feedback_wayland.c", "presentation-time-client-protocol.h"),  # generated
    ("host/serve/key_release.c", "host/input/keymap_table.h"),  # QEMU's names of keys: a constant table
    ("host/serve/host_keyboard.c", "host/input/evdev_keymap.h"),  # Linux codes of usages: a constant table
    ("protocol/atomics.h", "simulated_memory.h"),  # tests/support, in the one test that defines WIRE_SIMULATED_MEMORY
}
# Our headers that any part of host/ may include.
HOST_WIDE = {"host/stats/latency_trace.h"}

# Third-party APIs and their homes; tests may use them all.
THIRD_PARTY = {
    "SDL2": (r"^SDL", ["host/app/window*", "host/present/sdl/*", "host/present/vulkan/vulkan_surface_sdl.c"]),
    "Vulkan": (r"^vulkan/", ["host/present/vulkan/*"]),
    "libplacebo": (r"^libplacebo/", ["host/present/vulkan/vulkan_placebo.c"]),
    "Wayland": (r"^wayland-", ["host/present/feedback/feedback_wayland.c"]),
    "Xlib": (r"^X11/", ["host/app/window_errors_x11.c"]),
    "XCB": (r"^xcb/", ["host/present/vulkan/vulkan_surface_sdl.c", "host/present/feedback/feedback_x11.c"]),
    "liburing": (r"^liburing", ["host/event/event_loop_uring.c"]),
    "inih": (r"^ini\.h$", ["common/ini_reader_linux.c"]),
    "cJSON": (r"^cjson/", ["host/vm/qmp_*.c", "host/stats/*.c", "host/cli/*json*.c"]),
    "expat": (r"^expat\.h$", ["host/vm/domain_xml.c"]),
    "libvirt": (r"^libvirt/", ["host/vm/libvirt_*"]),
    "libvncclient": (r"^rfb/", ["host/vm/vnc_stream.c"]),
    "libevdev": (r"^libevdev", ["host/input/evdev_libevdev.h"]),
    "libudev": (r"^libudev", ["host/devices/*.c"]),
    "usbredir": (r"^usbredir", ["host/usb/usb_redir_*.c"]),
    "libpng": (r"^png\.h$", ["host/app/screenshot.c"]),
    "libdrm": (r"^(xf86drm|xf86drmMode|drm|drm_\w+)\.h$|^(libdrm|drm)/", ["guest/linux/*.c"]),
    "DirectX headers": (r"^directx/", ["guest/windows/*.[ch]"]),
    "libsystemd": (r"^systemd/", ["host/serve/*.c"]),
    "cmocka": (r"^cmocka", []),
}

# One page of contract each: no backend shows through.
SEAM_HEADERS = {
    "host/devices/device_watch.h",
    "host/event/event_loop.h",
    "host/input/input_sink.h",
    "host/input/input_source.h",
    "host/link/guest_link.h",
    "host/present/feedback/feedback_source.h",
    "host/present/presenter.h",
    "guest/core/cursor_source.h",
    "guest/core/display_system.h",
    "guest/core/frame_copier.h",
    "guest/core/region_device.h",
    "guest/core/screen_capture.h",
}
# Plain values that seams exchange.
SEAM_TYPES = {"host/present/picture_layout.h", "host/present/presenter_graph.h", "host/input/input_event.h", "guest/core/display_choice.h"}

# Files that are data plane from end to end: no log, no heap.
DATA_PLANE = [
    "protocol/*",
    "common/clock_*.c",
    "common/cpu_pause.h",
    "common/histogram.*",
    "common/memory_copy*",
    "host/app/watchdog.*",
    "host/present/feedback/feedback_judge.*",
    "host/input/pressed_keys.*",
    "host/input/host_keys.*",
    "host/input/hotkeys.*",
    "host/input/input_capture.*",
    "host/input/evdev_controller.*",
    "host/input/evdev_frame.*",
    "host/input/evdev_keymap.*",
    "host/input/evdev_merge.*",
    "host/input/input_queue.*",
    "host/input/input_router.*",
    "host/input/pointer_motion.*",
    "host/input/keymap_table.*",
    "host/input/qmp_input_command.*",
    "host/usb/usb_hid.*",
    "host/usb/usb_hid_function.*",
    "host/usb/usb_hid_gamepads.*",
    "host/usb/usb_transfer_queue.*",
]
HEAP = re.compile(r"\b(malloc|calloc|realloc|free|strdup|strndup|asprintf|aligned_alloc|posix_memalign)\s*\(")

# Memory that another VM writes is read and written by protocol/ only; everyone else sees checked copies, and pixels as plain bytes.
PEER_MEMORY_HEADERS = {"protocol/atomics.h", "protocol/record.h"}
PEER_MEMORY_ALLOWED = [
    "protocol/*",
    "tests/*",
    "host/serve/region_memory.c",  # the region's owner: clears the lines of dead consumers, before any agent and between two
    "guest/core/agent.c",  # writes the guest's own heartbeat
    "guest/core/region_device.c",  # is there a region at all, and whose?
    "guest/linux/agent_report.c",  # shows the guest's own status area
    "guest/linux/region_device_sysfs.c",  # the doorbell register
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')


def part_of(path):
    prefixes = [prefix for prefix in PARTS if path.startswith(prefix)]
    return max(prefixes, key=len) if prefixes else None


def check_ours(path, header):
    part = part_of(path)
    allowed = [part] + PARTS[part]
    if (path, header) in INCLUDE_EXCEPTIONS or (path.startswith("host/") and header in HOST_WIDE):
        return None
    if path.startswith("tests/") and "/" not in header:
        return None  # a header beside the test
    if "/" not in header:
        return f'"{header}" is not written from the repository root'
    if path.startswith("tests/") and not header.startswith(("host/", "guest/", "common/", "protocol/")):
        return None  # tests/ itself is on their include path
    if header in PEER_MEMORY_HEADERS and not source_tree.matches(path, PEER_MEMORY_ALLOWED):
        return f"only protocol/ touches memory that the other side writes ({header})"
    if path in SEAM_HEADERS and not (header.startswith(("protocol/", "common/")) or header in SEAM_HEADERS | SEAM_TYPES):
        return f"a seam header may not include {header}"
    if header.startswith(tuple(allowed)):
        return None
    return f"{part} may not include {header}"


def check_system(path, header):
    if path.startswith("tests/"):
        return None
    stem = header[:-2] if header.endswith(".h") else header
    if path.startswith("protocol/"):
        return None if stem in PROTOCOL_STANDARD else f"protocol/ may not include <{header}>"
    if stem in C_STANDARD:
        return None
    for name, (pattern, homes) in THIRD_PARTY.items():
        if re.search(pattern, header):
            return None if source_tree.matches(path, homes) else f"<{header}>: {name} has its home in {', '.join(homes) or 'tests/'}"
    if path in SEAM_HEADERS:
        return f"a seam header may not include <{header}>"
    if WINDOWS.search(header):
        is_home = path.startswith("guest/windows/") or path.endswith("_windows.c")
        return None if is_home else f"<{header}>: Windows has its home in guest/windows and *_windows.c"
    if SIMD.search(header):
        return None if path.startswith(("common/", "guest/core/", "host/present/")) else f"<{header}>: SIMD belongs to common/"
    if LINUX.search(header):
        return f"<{header}>: guest/core/ is portable" if path.startswith(("guest/core/", "guest/windows/")) else None
    return f"<{header}> is in no table of check_includes.py"


def check_text(path, text):
    """Rules on what a file does, with comments and strings blanked out."""
    code = STRING.sub('""', COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text))
    is_data_plane = source_tree.matches(path, DATA_PLANE)
    for number, line in enumerate(code.split("\n"), 1):
        if is_data_plane and HEAP.search(line):
            yield f"{path}:{number}: a data-plane file may not use the heap"


def check_file(root, path):
    text = source_tree.read(root, path)
    if part_of(path) is None:
        yield f"{path}:1: this directory is in no table of check_includes.py"
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        fault = check_ours(path, header) if quote == '"' else check_system(path, header)
        if not fault and header == "common/log.h" and source_tree.matches(path, DATA_PLANE):
            fault = "a data-plane file may not log"
        if fault:
            yield f"{path}:{number}: {fault}"
    yield from check_text(path, text)


def check(root):
    return [fault for path in source_tree.files(root, ".c", ".h") for fault in check_file(root, path)]


if __name__ == "__main__":
    sys.exit(source_tree.main("check_includes", check))
