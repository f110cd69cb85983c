"""The benchmark suite: one module a section, each a list of steps that measure and a table that shows what they found.

A section module has NAME, TITLE, steps(bench) and tables(rows). A step's result is a list of rows, plain JSON; docs/testing.md has the schema."""
