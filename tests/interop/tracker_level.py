# SPDX-License-Identifier: MIT OR Apache-2.0
"""The whole system: distributed-topic-tracker and `dtt pipe` given a topic and a secret alone."""
import harness
from world import told  # noqa: F401


CASES = []
