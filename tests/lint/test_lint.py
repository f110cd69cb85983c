#!/usr/bin/env python3
"""The lint scripts can fail: each gets a tree with one violation of each rule, and one without."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import check_cppcheck
import check_format
import check_includes
import check_sizes
import check_words

HERE = os.path.dirname(os.path.abspath(__file__))


class Tree:
    def __init__(self, files):
        self.directory = tempfile.TemporaryDirectory()
        for path, text in files.items():
            full = os.path.join(self.directory.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8", newline="") as file:
                file.write(text)

    def __enter__(self):
        return self.directory.name

    def __exit__(self, *_):
        self.directory.cleanup()


def faults(module, files):
    with Tree(files) as root:
        return module.check(root)


class Includes(unittest.TestCase):
    def assert_fault(self, path, text, part):
        found = faults(check_includes, {path: text})
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def assert_fine(self, path, text):
        self.assertEqual(faults(check_includes, {path: text}), [])

    def test_parts(self):
        self.assert_fault("protocol/a.c", '#include "common/log.h"\n', "protocol/ may not include")
        self.assert_fault("common/a.c", '#include "protocol/layout.h"\n', "common/ may not include")
        self.assert_fault("guest/core/a.c", '#include "host/link/b.h"\n', "guest/core/ may not include")
        self.assert_fault("host/link/a.c", '#include "guest/core/b.h"\n', "host/link/ may not include")
        self.assert_fault("host/link/a.c", '#include "host/present/b.h"\n', "host/link/ may not include")
        self.assert_fault("host/event/a.c", '#include "host/link/b.h"\n', "host/event/ may not include")
        self.assert_fault("host/app/a.c", '#include "host/cli/b.h"\n', "host/app/ may not include")
        self.assert_fault("guest/core/a.c", '#include "guest/linux/b.h"\n', "guest/core/ may not include")
        self.assert_fault("host/input/other.c", '#include "host/vm/qmp_client.h"\n', "host/input/ may not include")
        self.assert_fault("host/link/a.c", '#include "b.h"\n', "repository root")
        self.assert_fault("elsewhere/a.c", "\n", "in no table")
        self.assert_fine("host/input/input_sink_qmp.c", '#include "host/vm/qmp_client.h"\n')
        self.assert_fine("host/app/a.c", '#include "host/link/b.h"\n#include "host/event/c.h"\n#include "protocol/d.h"\n')
        self.assert_fine("host/link/a.c", '#include "host/stats/latency_trace.h"\n')
        self.assert_fine("tests/unit/a.c", '#include "host/link/b.h"\n#include "support/c.h"\n#include "d.h"\n#include <cmocka.h>\n')

    def test_system_headers(self):
        self.assert_fault("protocol/a.c", "#include <unistd.h>\n", "protocol/ may not include")
        self.assert_fault("protocol/a.c", "#include <stdio.h>\n", "protocol/ may not include")
        self.assert_fault("guest/core/a.c", "#include <unistd.h>\n", "portable")
        self.assert_fault("common/a.c", "#include <windows.h>\n", "Windows has its home")
        self.assert_fault("host/link/a.c", "#include <emmintrin.h>\n", "SIMD")
        self.assert_fault("host/link/a.c", "#include <gtk/gtk.h>\n", "in no table")
        self.assert_fine("common/a_windows.c", "#include <windows.h>\n")
        self.assert_fine("host/link/a.c", "#include <sys/socket.h>\n#include <string.h>\n")

    def test_third_party_homes(self):
        for header in ("SDL.h", "liburing.h", "ini.h", "cjson/cJSON.h", "png.h", "xf86drmMode.h", "systemd/sd-daemon.h", "cmocka.h"):
            self.assert_fault("host/link/a.c", f"#include <{header}>\n", "has its home in")
        self.assert_fine("host/event/event_loop_uring.c", "#include <liburing.h>\n")
        self.assert_fine("host/present/sdl/presenter_sdl.c", "#include <SDL.h>\n")

    def test_seams(self):
        self.assert_fault("host/input/input_sink.h", '#include "host/input/input_queue.h"\n', "a seam header may not")
        self.assert_fault("host/event/event_loop.h", "#include <sys/epoll.h>\n", "a seam header may not")
        self.assert_fine("host/link/guest_link.h", '#include "protocol/ring.h"\n#include <stdbool.h>\n')

    def test_data_plane(self):
        self.assert_fault("common/histogram.c", '#include "common/log.h"\n', "may not log")
        self.assert_fault("protocol/ring.c", "void f(void) { free(malloc(1)); }\n", "heap")
        self.assert_fine("protocol/ring.c", '/* malloc(1) */\nstatic const char *s = "malloc(1)";\n')
        self.assert_fine("host/link/a.c", "void f(void) { free(malloc(1)); }\n")
        self.assert_fault("host/link/a.c", '#include "protocol/atomics.h"\n', "only protocol/ touches")
        self.assert_fine("host/serve/region_memory.c", '#include "protocol/atomics.h"\n')


class Sizes(unittest.TestCase):
    def function(self, lines):
        return "static int f(int a) {\n" + "  a++;\n" * (lines - 2) + "}\n"

    def test_functions(self):
        self.assertEqual(faults(check_sizes, {"host/a.c": self.function(70)}), [])
        self.assertEqual(len(faults(check_sizes, {"host/a.c": self.function(71)})), 1)
        self.assertEqual(len(faults(check_sizes, {"host/a.c": "int f(int a,\n      int b) {\n" + "  a++;\n" * 80 + "}\n"})), 1)
        self.assertEqual(faults(check_sizes, {"host/a.c": "int f(int);\nstatic const int t[] = {\n" + "  1,\n" * 100 + "};\n"}), [])

    def test_files(self):
        self.assertEqual(faults(check_sizes, {"host/a.c": "\n" * 800}), [])
        self.assertEqual(len(faults(check_sizes, {"host/a.c": "\n" * 801})), 1)
        self.assertEqual(len(faults(check_sizes, {"host/a.h": "\n" * 301})), 1)
        self.assertEqual(len(faults(check_sizes, {"tests/a.py": "\n" * 801})), 1)


class Words(unittest.TestCase):
    def test_words(self):
        for line in ("/" + "home/jane/x", "see /" + "root/notes", "TO" + "DO: later", "<" * 7 + " HEAD", "space ", "tab\there", "cr\r"):
            self.assertGreaterEqual(len(faults(check_words, {"docs/a.md": line + "\n"})), 1, line)
        self.assertEqual(len(faults(check_words, {"docs/a.md": "no newline"})), 1)
        self.assertEqual(faults(check_words, {"docs/a.md": "mkdtemp(\"/tmp/x-" + "X" * 6 + "\")\n", "a.png": "\t \n"}), [])


class Format(unittest.TestCase):
    def test_format(self):
        if not check_format.find_formatter():
            self.skipTest("no clang-format of this version")
        with open(os.path.join(HERE, "..", "..", ".clang-format"), encoding="utf-8") as file:
            style = file.read()
        self.assertEqual(len(faults(check_format, {".clang-format": style, "a.c": "int  a;\n"})), 1)
        self.assertEqual(faults(check_format, {".clang-format": style, "a.c": "int a;\n"}), [])


class Cppcheck(unittest.TestCase):
    def test_cppcheck(self):
        if not shutil.which("cppcheck"):
            self.skipTest("no cppcheck")
        bad = "int at(void);\nint at(void) {\n  int list[4] = {0};\n  return list[4];\n}\n"
        for part in ("guest/core", "guest/windows", "guest/linux"):
            self.assertEqual(len(faults(check_cppcheck, {f"{part}/a.c": bad})), 1)
            self.assertEqual(faults(check_cppcheck, {f"{part}/a.c": bad.replace("list[4];", "list[3];")}), [])


class Programs(unittest.TestCase):
    def test_exit_status(self):
        for text, status in (('#include "common/log.h"\n', 1), ("\n", 0)):
            with Tree({"protocol/a.c": text}) as root:
                program = [sys.executable, os.path.join(HERE, "check_includes.py"), root]
                self.assertEqual(subprocess.run(program, capture_output=True).returncode, status)


if __name__ == "__main__":
    unittest.main()
