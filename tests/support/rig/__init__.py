"""Conducts a whole chain on one machine: transom-serve, QEMU with our guest, an X server in memory, the viewer. ./demo and tests/e2e use it.

Python's standard library only.
"""
