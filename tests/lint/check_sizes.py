#!/usr/bin/env python3
"""The house budget of lines. Hard limits fail; soft ones are only printed, longest first.

usage: check_sizes.py [ROOT]
"""

import re
import sys

import source_tree

#                  soft, hard
LIMITS_C = (450, 800)
LIMITS_HEADER = (150, 300)
LIMITS_PROTOCOL_HEADER = (250, 400)
LIMITS_SCRIPT = (450, 800)
LIMITS_FUNCTION = (40, 70)
LIMITS_DOCUMENT_LINE = 250

# A definition of a function as clang-format leaves it: starts in column 0, its brace ends a line, and a brace in column 0 ends it.
# Tables ("= {") are exempt.
BEGINS = re.compile(r"^[A-Za-z_][^;=]*\(")


def limits_of(path):
    if path.endswith(".h"):
        return LIMITS_PROTOCOL_HEADER if path.startswith("protocol/") else LIMITS_HEADER
    return LIMITS_C if path.endswith(".c") else LIMITS_SCRIPT


def functions(text):
    """(line, name, lines) of each function of a C file."""
    lines = text.split("\n")
    start = None
    for index, line in enumerate(lines):
        if start is None and BEGINS.match(line) and not line.startswith(("typedef", "struct {", "enum {")):
            start = index
        if start is None:
            continue
        if line.endswith(";") and "{" not in "".join(lines[start : index + 1]):
            start = None  # a declaration
        elif line == "}" or (index == start and line.endswith("}")):
            name = re.search(r"(\w+)\(", lines[start])
            yield start + 1, name.group(1) if name else "?", index - start + 1
            start = None


def judge(what, count, limits, hard, soft):
    if count > limits[1]:
        hard.append(f"{what} has {count} lines; the limit is {limits[1]}")
    elif count > limits[0]:
        soft.append((count, f"soft: {what} has {count} lines ({limits[0]} is the aim)"))


def check(root):
    hard, soft, lengths = [], [], []
    for path in source_tree.files(root, ".c", ".h", ".py", ".sh"):
        text = source_tree.read(root, path)
        judge(f"{path}:1: file", text.count("\n"), limits_of(path), hard, soft)
        if not path.endswith((".c", ".h")):
            continue
        for line, name, count in functions(text):
            lengths.append(count)
            judge(f"{path}:{line}: {name}()", count, LIMITS_FUNCTION, hard, soft)
    for _, message in sorted(soft, reverse=True):
        print(message)
    if lengths:
        lengths.sort()
        print(f"{len(lengths)} functions: median {lengths[len(lengths) // 2]} lines, p90 {lengths[len(lengths) * 9 // 10]}, max {lengths[-1]}")
    return hard


if __name__ == "__main__":
    sys.exit(source_tree.main("check_sizes", check))
