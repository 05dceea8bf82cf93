# SPDX-License-Identifier: MIT OR Apache-2.0
"""Rows of the result: what was measured, ours, theirs, and what must hold."""


class Row:
    """`at_least`, `at_most`: what the ratio ours / theirs must be, or ours where there is none."""

    def __init__(self, what, ours, theirs=None, unit="", at_least=None, at_most=None):
        self.what = what
        self.ours = ours
        self.theirs = theirs
        self.unit = unit
        self.at_least = at_least
        self.at_most = at_most

    def ratio(self):
        return self.ours / self.theirs if self.theirs else None

    def holds(self):
        """True, False, or None when nothing was asked."""
        value = self.ratio() if self.theirs is not None else self.ours
        if self.at_least is None and self.at_most is None:
            return None
        if value is None:
            return False
        return ((self.at_least is None or value >= self.at_least) and
                (self.at_most is None or value <= self.at_most))

    def goal(self):
        words = []
        if self.at_least is not None:
            words.append(f">= {number(self.at_least)}")
        if self.at_most is not None:
            words.append(f"<= {number(self.at_most)}")
        return " and ".join(words)


def number(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if value == int(value) and abs(value) < 10_000:
        return f"{int(value)}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def render(rows):
    """A Markdown table."""
    head = ["what", "ours", "libtorrent", "ratio", "must be", ""]
    lines = [head, ["---"] + ["---:"] * 3 + ["---", "---"]]
    for row in rows:
        said = {True: "holds", False: "**does not hold**", None: ""}[row.holds()]
        what = f"{row.what}, {row.unit}" if row.unit else row.what
        lines.append([what, number(row.ours), number(row.theirs), number(row.ratio()), row.goal(),
                      said])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
