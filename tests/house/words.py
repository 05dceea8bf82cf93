#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the words that JSON, logs and programs read (events and their fields, reasons, errors) against
the documents.

usage: words.py ROOT        exit status 1 when they differ
"""
import pathlib
import re
import sys

REASON = re.compile(r'X\((DTT_REASON_\w+), "(\w+)", ([01]), "([^"]+)"\)')
ERROR = re.compile(r'X\((DTT_E\w+), -\d+, "([^"]+)"\)')


def section(text, begin, end):
    """What stands after `begin` and before the next `end`."""
    return text.split(begin, 1)[1].split(end, 1)[0]


def table_wrong(page, text, rows):
    """A table of words and sentences: text between ``` lines."""
    width = max(len(word) for word, _ in rows) + 1
    want = [f"{word:<{width}} {sentence}" for word, sentence in rows]
    have = text.split("```")[1].strip().splitlines()
    yield from (f"not in {page}: {row}" for row in want if row not in have)
    yield from (f"only in {page}: {row}" for row in have if row not in want)


def reasons_wrong(types, manual, quic, tracker, given):
    """`given`: the code of the module quic."""
    rows = REASON.findall(types)
    words = {word for _, word, _, _ in rows}
    if len(rows) < 16 or len(words) < len(rows):
        yield f"the list has {len(rows)} rows and {len(words)} words"
    yield from table_wrong("dtt(1)", section(manual, "*reason* says", "\n*"),
                           [(word, sentence) for _, word, _, sentence in rows])
    cells = re.findall(r"\| ([\w, ]+) \|$", section(quic, "| ends by |", "\n\n"), re.M)
    want = {word for name, word, _, _ in rows if name in given}
    yield from (f"docs/design/quic.md: {word} ends a connection in one of both only"
                for word in sorted(want ^ set(", ".join(cells).split(", "))))
    want = {word for _, word, is_silence, _ in rows if is_silence == "1"}
    have = set(section(" ".join(tracker.split()), "Silence is ", ".").split(", "))
    yield from (f"docs/design/tracker.md: {word} is silence in one of both only"
                for word in sorted(want ^ have))


def errors_wrong(types, library):
    yield from table_wrong("libdtt(3)", section(library, "## Errors", "\n#"), ERROR.findall(types))


def events_wrong(code, manual):
    text = section(manual, "# JSON", "\n# ")
    for word in re.findall(r'case DTT_EVENT_\w+: return "(\w+)"', code) or ["?"]:
        if f'"event":"{word}"' not in text:
            yield f"dtt(1) has no JSON of the event {word}"
    for key in sorted(set(re.findall(r'dtt_json_\w+\(j, "(\w+)"', code))):
        if f'"{key}":' not in text and f"_{key}_" not in text:
            yield f"dtt(1) does not say that events have the field {key}"


def check(root):
    """A sentence for each difference."""
    def read(path):
        return (root / path).read_text(encoding="utf-8")

    types, manual = read("include/dtt/types.h"), read("docs/man/dtt.1.scd")
    given = {name for path in sorted((root / "src/quic").glob("*.c"))
             for name in re.findall(r"DTT_REASON_\w+", path.read_text(encoding="utf-8"))}
    yield from reasons_wrong(types, manual, read("docs/design/quic.md"),
                             read("docs/design/tracker.md"), given)
    yield from errors_wrong(types, read("docs/man/libdtt.3.scd"))
    yield from events_wrong(read("src/api/event_json.c"), manual)


def main(root):
    wrong = list(check(root))
    print("\n".join(wrong) if wrong else "the documents have the words of the lists")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
