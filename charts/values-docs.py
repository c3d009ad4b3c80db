#!/usr/bin/env python3
"""Prints docs/values.md, made of charts/contactsync/values.yaml, with nothing but Python's own library.

usage: charts/values-docs.py >docs/values.md        (make generate does it)

It reads the plain shape that values.yaml keeps to: two spaces a level, `# -- ` before a value that is told, `# @section ` before
a chapter. A value that is not told is an error: nothing may be undocumented.
"""

import pathlib
import re
import sys

VALUES = pathlib.Path(__file__).parent / "contactsync" / "values.yaml"
HEAD = """# Values of the chart

<!-- Made by charts/values-docs.py of charts/contactsync/values.yaml. Do not edit: change that file, then run make generate. -->

`values.schema.json` checks all of them: a misspelt name, a wrong type or a word that is none of those allowed is refused by name, and
what does not go together is refused with what to set instead. `charts/contactsync/ci/` holds whole examples, one for each way to install.
"""
# What an escaped bar would break in a table.
BAR = str.maketrans({"|": "\\|"})


def flow(lines):
    """A block of plain mappings and lists, on one line."""
    items = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    if items and items[0].lstrip().startswith("- "):
        inside = [line.replace("- ", "  ", 1) if line.lstrip().startswith("- ") else line for line in items]
        return "[" + flow(inside) + "]"
    return "{" + ", ".join(line.strip() for line in items) + "}"


def rows(text):
    """Yields (section,) and (name, default, told)."""
    lines = text.splitlines()
    path, told, wrong = [], None, []
    covered = None  # the depth of a value that is told as a whole
    for at, line in enumerate(lines):
        depth = (len(line) - len(line.lstrip())) // 2
        if covered is not None and line.strip() and depth > covered:
            continue
        covered = None if line.strip() else covered
        if match := re.match(r"\s*# @section (.*)", line):
            yield (match[1],)
        elif match := re.match(r"\s*# -- (.*)", line):
            told = match[1]
        elif told is not None and (match := re.match(r"\s*# (.*)", line)):
            told += " " + match[1]
        elif match := re.match(r"\s*([\w./]+):\s*(.*)$", line):
            path = path[:depth] + [match[1]]
            if told is not None:
                block = []
                for below in lines[at + 1 :]:
                    if below.strip() and (len(below) - len(below.lstrip())) // 2 <= depth:
                        break
                    block.append(below)
                default = match[2] or flow(block)
                yield (".".join(path), default, told)
                covered, told = depth, None
            elif match[2]:
                wrong.append(".".join(path))
    if wrong:
        sys.exit("values.yaml: no comment `# --` before " + ", ".join(wrong))


def main():
    print(HEAD)
    table = "| value | default | what it is for |\n| --- | --- | --- |"
    gap = ""
    for row in rows(VALUES.read_text(encoding="utf-8")):
        if len(row) == 1:
            print(f"{gap}## {row[0]}\n\n{table}")
            gap = "\n"
        else:
            name, default, told = (cell.translate(BAR) for cell in row)
            print(f"| `{name}` | `{default}` | {told} |")


if __name__ == "__main__":
    main()
