#!/usr/bin/env python3
"""What no file may contain: paths of somebody's machine, notes to self, leftovers of a merge, untidy white space.

usage: check_words.py [ROOT]
"""

import re
import sys

import source_tree

# This file and its test name what they look for.
EXEMPT = {"tests/lint/check_words.py", "tests/lint/test_lint.py"}
BINARY = (".png", ".bin", ".gz", ".xz", ".ico", ".spv")
BYTES = ("tests/fuzz/corpus/", "tests/data/domains/")  # what others wrote, whatever its encoding and line ends

FORBIDDEN = [
    (re.compile(r"(?<![\w.$}-])/(home/(?!user\b)\w+|root|work|mnt|Users)/\w"), "a path of somebody's machine"),
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "a note to self: do it, or open an issue"),
    (re.compile(r"^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|) "), "a leftover of a merge"),
    (re.compile(r"[ \t]+$"), "white space at the end of a line"),
    (re.compile(r"\r$"), "a carriage return"),
]
TABS_FORBIDDEN = (".c", ".h", ".py", ".md", ".txt", ".cmake")


def check_file(root, path):
    try:
        text = source_tree.read(root, path)
    except UnicodeDecodeError:
        yield f"{path}:1: is neither UTF-8 nor a known binary"
        return
    if text and not text.endswith("\n"):
        yield f"{path}:{text.count(chr(10)) + 1}: no newline at the end"
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, fault in FORBIDDEN:
            if pattern.search(line):
                yield f"{path}:{number}: {fault}: {line.strip()[:80]}"
        if "\t" in line and path.endswith(TABS_FORBIDDEN):
            yield f"{path}:{number}: a tab"


def check(root):
    paths = [p for p in source_tree.files(root) if not p.endswith(BINARY) and not p.startswith(BYTES) and p not in EXEMPT]
    return [fault for path in paths for fault in check_file(root, path)]


if __name__ == "__main__":
    sys.exit(source_tree.main("check_words", check))
