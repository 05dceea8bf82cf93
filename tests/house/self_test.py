#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Proves that each check of the house can fail: sample trees and sources that break one rule each."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/house")]
sys.dont_write_bytecode = True

import check_changelog  # noqa: E402
import check_cycles  # noqa: E402
import check_exports  # noqa: E402
import check_includes  # noqa: E402
import check_names  # noqa: E402
import check_symbols  # noqa: E402
import knobs  # noqa: E402
import lessons  # noqa: E402
import protocol  # noqa: E402
import test_names  # noqa: E402
import test_summary  # noqa: E402
import tested  # noqa: E402
import used  # noqa: E402
import words  # noqa: E402


class Tree(unittest.TestCase):
    """A copy of what the checks read, in which a test breaks one thing."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        for part in ["docs/design/architecture.md", "include/dtt", "src/api/libdtt.map",
                     "docs/man/libdtt.3.scd"]:
            (self.root / part).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, self.root / part)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


class Lessons(unittest.TestCase):
    """Of the real document, with one thing wrong."""

    def setUp(self):
        self.text = (ROOT / "docs/design/dht.md").read_text(encoding="utf-8")

    def refused(self, old, new, count=1):
        self.assertIn(old, self.text)
        wrong = list(lessons.check(ROOT, self.text.replace(old, new)))
        self.assertEqual(len(wrong), count, wrong)

    def test_document_passes(self):
        self.assertEqual(list(lessons.check(ROOT, self.text)), [])

    def test_a_test_that_is_not_there(self):
        self.refused("`dht/put.test_copies`", "`dht/put.test_of_nobody`")
        self.refused("`fuzz/dht_node`", "`fuzz/nothing`")
        self.refused("`dht/dht.test_ipv6`", "`nowhere/dht.test_ipv6`")

    def test_a_lesson_without_test(self):
        self.refused("`dht/put.test_copies`", "some test")

    def test_a_missing_lesson(self):
        self.refused("\n| 30 |", "\n| 31 |")


class Knobs(unittest.TestCase):
    """A made-up list of one time over and over, and what is written of it."""

    KNOBS = [(f"pause_{n}", "1ms to 5s, or off", "rest", ["1s", "off", "2s"]) for n in range(30)]
    HEADER = "struct dtt_tuning {\n" + "".join(
        f"    int pause_{n}; /**< ms:\n                 rest */\n" for n in range(30)) + "};\n"
    PAGE = "## Knobs\n\n| knob | ...\n|---|\n" + "".join(
        f"| pause_{n} | 1ms to 5s, or off | rest | 1s | off | 2s |\n" for n in range(30))

    def test_what_is_written_is_held_against_the_list(self):
        self.assertEqual(list(knobs.check(self.KNOBS, self.HEADER, self.PAGE)), [])
        for header, page in [(self.HEADER.replace("pause_3;", "pause_x;"), self.PAGE),
                             (self.HEADER.replace("ms:", "s:", 1), self.PAGE),
                             (self.HEADER.replace("pause_1;", "x;").replace("pause_2;", "pause_1;")
                              .replace("x;", "pause_2;"), self.PAGE),
                             (self.HEADER, self.PAGE.replace("| 2s |", "| 3s |", 1)),
                             (self.HEADER, self.PAGE.replace("rest", "sleep", 1))]:
            self.assertNotEqual(list(knobs.check(self.KNOBS, header, page)), [])


class TestNames(unittest.TestCase):
    NAMES = ["dht/server", "dht/hostile", "quic/hostile", "cli/options"]

    def test_a_name_a_module_and_an_end(self):
        self.assertEqual(test_names.choose(["dht/server"], self.NAMES), (["dht/server"], []))
        self.assertEqual(test_names.choose(["dht"], self.NAMES)[0], ["dht/server", "dht/hostile"])
        self.assertEqual(test_names.choose(["hostile"], self.NAMES)[0],
                         ["dht/hostile", "quic/hostile"])

    def test_a_word_without_a_match_is_told_beside_one_with(self):
        chosen, wrong = test_names.choose(["options", "dht/sever"], self.NAMES)
        self.assertEqual(chosen, ["cli/options"])
        self.assertEqual(wrong, ["no test 'dht/sever'; near: dht/hostile, dht/server"])


class Words(Tree):
    """Of the real documents, with one thing wrong in one of them."""

    def setUp(self):
        super().setUp()
        for part in ["docs", "src/quic", "src/api"]:
            shutil.copytree(ROOT / part, self.root / part, dirs_exist_ok=True)

    def refused(self, path, old, new, words_of_it):
        text = (self.root / path).read_text(encoding="utf-8")
        self.assertIn(old, text)
        self.write(path, text.replace(old, new))
        self.assertIn(words_of_it, " ".join(words.check(self.root)))
        self.write(path, text)

    def test_documents_pass(self):
        self.assertEqual(list(words.check(self.root)), [])

    def test_reasons(self):
        types, page = "include/dtt/types.h", "docs/man/dtt.1.scd"
        self.refused(types, '"timeout", 1', '"idle", 1', "not in dtt(1): idle")
        self.refused(types, '"reset"', '"timeout"', "23 words")
        self.refused(types, '"disconnect", 0', '"disconnect", 1', "disconnect is silence")
        self.refused(page, "does not answer\n", "answers no more\n", "only in dtt(1): timeout")
        self.refused(page, "timeout    ", "closed     ", "only in dtt(1): closed")
        for cell in ["closed", "closed_by_us"]:
            self.refused("docs/design/quic.md", "| closed_by_peer |", f"| {cell} |",
                         "closed_by_peer ends a connection in one of both only")

    def test_errors(self):
        self.refused("docs/man/libdtt.3.scd", "DTT_EROTATE ", "DTT_EROUTE  ", "DTT_EROTATE")

    def test_events(self):
        self.refused("src/api/event_json.c", 'return "left"', 'return "gone"', "the event gone")
        self.refused("src/api/event_json.c", '(j, "votes"', '(j, "heads"', "the field heads")


class Protocol(Tree):
    """Of the real pages, with one thing wrong."""

    def setUp(self):
        super().setUp()
        for part in ["docs/protocol", "tests/vectors"]:
            shutil.copytree(ROOT / part, self.root / part)
        for _, _, source, _ in protocol.FACTS:
            (self.root / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, self.root / source)

    def refused(self, path, old, new, words):
        text = (self.root / path).read_text(encoding="utf-8")
        self.assertIn(old, text)
        self.write(path, text.replace(old, new))
        self.assertIn(words, " ".join(protocol.check(self.root)))

    def test_pages_pass(self):
        self.assertEqual(list(protocol.check(self.root)), [])

    def test_another_figure(self):
        self.refused("docs/protocol/gossip.md", "5 active", "6 active", "does not say")

    def test_a_figure_that_left_the_code(self):
        self.refused("src/tracker/census.c", "#define FEW", "#define SOME", "nothing matches")

    def test_a_file_that_no_page_names(self):
        self.write("tests/vectors/rust/more.json", "{}")
        self.assertIn("rust/more.json is not named", " ".join(protocol.check(self.root)))

    def test_a_file_that_the_overview_forgets(self):
        self.refused("docs/protocol/README.md", "extension.json", "", "extension.json is not named")

    def test_a_file_that_is_not_there(self):
        self.refused("docs/protocol/slots.md", "slots.json", "slot.json", "names slot.json")


class Includes(Tree):
    def refused(self, path, line):
        self.write("src/base/map.h", "")
        self.write(path, line + "\n")
        wrong = list(check_includes.check(self.root))
        self.assertEqual(len(wrong), 1, wrong)
        self.assertIn(f"{path}:1", wrong[0])

    def test_clean_tree_passes(self):
        self.write("src/gossip/gossip.h", '#include "base/bytes.h"\n#include <dtt/types.h>\n')
        self.write("src/gossip/swarm.c", '#include "gossip.h"\n#  include <string.h>\n')
        self.write("src/io/loop.c", "#include <uv.h>\n#include <sys/socket.h>\n")
        self.write("cli/main.c", "#include <dtt/dtt.h>\n#include <histedit.h>\n#include <unistd.h>\n")
        self.assertEqual(list(check_includes.check(self.root)), [])

    def test_tracker_knows_no_dht(self):
        self.refused("src/tracker/tracker.c", '#include "dht/dht.h"')

    def test_gossip_knows_no_quic(self):
        self.refused("src/gossip/swarm.c", '#include "quic/quic.h"')

    def test_core_has_no_sockets(self):
        self.refused("src/node/node.c", "#include <sys/socket.h>")

    def test_core_has_no_clock(self):
        self.refused("src/dht/dht.c", "#include <time.h>")

    def test_libraries_stay_where_they_belong(self):
        self.refused("src/dht/dht.c", "#include <gnutls/gnutls.h>")

    def test_io_alone_has_the_loop(self):
        self.refused("src/node/node.c", "#include <uv.h>")

    def test_command_sees_the_public_headers_only(self):
        self.refused("cli/main.c", '#include "base/map.h"')

    def test_base_knows_no_facade(self):
        self.refused("src/base/map.c", "#include <dtt/dtt.h>")

    def test_public_headers_in_angle_brackets(self):
        self.refused("src/base/map.c", '#include "dtt/types.h"')

    def test_no_path_tricks(self):
        self.refused("src/tracker/tracker.c", '#include "../dht/dht.h"')

    def test_module_without_a_row(self):
        self.write("src/extra/extra.c", "")
        self.assertIn("no row", " ".join(check_includes.check(self.root)))


class Exports(Tree):
    def test_clean_tree_passes(self):
        self.assertEqual(list(check_exports.check(self.root)), [])

    def edit(self, path, old, new):
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        wrong = list(check_exports.check(self.root))
        self.assertEqual(len(wrong), 1, wrong)
        return wrong[0]

    def test_function_not_listed(self):
        self.assertIn("not listed", self.edit("src/api/libdtt.map", "    dtt_version;\n", ""))

    def test_listed_but_unknown(self):
        self.assertIn("no public header", self.edit(
            "src/api/libdtt.map", "    dtt_version;\n", "    dtt_version;\n    dtt_vv;\n"))

    def test_function_without_comment(self):
        self.assertIn("no /** comment", self.edit(
            "include/dtt/dtt.h", "DTT_API const char *dtt_version(void);",
            "\nDTT_API const char *dtt_version(void);"))

    def test_function_without_a_place_in_the_manual(self):
        self.assertIn("not mentioned", self.edit(
            "docs/man/libdtt.3.scd", "*dtt_version*()", "the version"))

    def test_manual_of_what_is_not_there(self):
        self.assertIn("is mentioned, but", self.edit(
            "docs/man/libdtt.3.scd", "*dtt_version*()", "*dtt_version*(), *dtt_vv*()"))


class Cycles(Tree):
    def findings(self, **files):
        """Of an archive with one object a keyword, whose source it is."""
        folder = self.root / "build/src/sample"
        folder.mkdir(parents=True)
        for name, source in files.items():
            self.write(f"build/src/sample/{name}.c", source)
            subprocess.run(["cc", "-c", "-o", folder / f"{name}.o", folder / f"{name}.c"],
                           check=True)
        subprocess.run(["ar", "cr", folder / "libdtt-sample.a", *folder.glob("*.o")], check=True)
        return list(check_cycles.check(self.root / "build"))

    A = "int dtt_b(void); int dtt_a(void) { return dtt_b(); }"
    B = "int dtt_c(void); int dtt_b(void) { return dtt_c(); }"

    def test_a_line_of_files_passes(self):
        self.assertEqual(self.findings(a=self.A, b=self.B, c="int dtt_c(void) { return 1; }"), [])

    def test_a_circle_over_three_files_is_found(self):
        wrong = self.findings(a=self.A, b=self.B, d="int dtt_d(void) { return 1; }",
                              c="int dtt_a(void); int dtt_c(void) { return dtt_a(); }")
        self.assertEqual(wrong, ["sample: a circle of 3 files: a b c"])

    def test_nothing_to_look_at_is_told(self):
        self.assertIn("no archives", " ".join(check_cycles.check(self.root / "build")))


class Names(Tree):
    def test_a_tag_defined_twice(self):
        self.write("src/dht/op.h", "struct dtt_op {\n    int a;\n};\nstruct dtt_op *dtt_op_new(void);\n")
        self.assertEqual(list(check_names.check_tags(self.root)), [])
        self.write("src/node/ops.h", "struct dtt_op {\n    int b;\n};\n")
        self.assertIn("dtt_op is defined 2 times", " ".join(check_names.check_tags(self.root)))

    def exported(self, *symbols):
        self.write("src/dht/dht.h", "int dtt_dht_get(int);\n")
        return list(check_names.check_exported(
            self.root, [("dht", [(obj, name, True) for obj, name in symbols])]))

    def test_what_a_file_exports_has_its_name(self):
        self.assertEqual(self.exported(("op.c.o", "dtt_op_new"), ("txn.c.o", "dtt_txns_init"),
                                       ("op.c.o", "dtt_dht_get")), [])
        self.assertIn("not a name of that file", " ".join(self.exported(("op.c.o", "dtt_walk_end"))))
        self.assertIn("not a name of that file", " ".join(self.exported(("op.c.o", "dtt_dht_put"))))

    def test_headers_and_tests(self):
        self.write("src/dht/op.c", "int x;\n" * 101)
        wrong = " ".join(check_names.check_pairs(self.root))
        self.assertIn("no header", wrong)
        self.assertIn("no test", wrong)
        self.write("src/dht/op.h", "")
        self.write("tests/unit/dht/op.c", "")
        self.assertNotIn("dht/op", " ".join(check_names.check_pairs(self.root)))


class Used(Tree):
    def test_a_row_that_nothing_uses_is_found(self):
        self.write("src/base/counter.def", 'X(DHT_A, "dht_a", "a")\nX(DHT_B, "dht_b", "b")\n')
        self.write("src/base/trace.def", 'X(DHT_C, "dht", "c", INFO, "")\n')
        self.write("src/tracker/tuning.def", "KNOB(MS, pace, 0)\nKNOB(N, width, 1)\n")
        self.write("include/dtt/types.h", '    X(DTT_EIO, -1)\n    X(DTT_REASON_LIMIT, "limit")\n')
        code = ("DTT_COUNT(d->ctx, DHT_A); DTT_TRACE(d->ctx, DHT_C, x); n += c[DTT_COUNTER_DHT_B];"
                "at += t->pace_ns + cfg.width; case DTT_EIO: return DTT_EIO; r = DTT_REASON_LIMIT;"
                "/* DTT_EIO */ err == DTT_EIO;")
        self.write("src/dht/dht.c", code)
        self.assertEqual(list(used.check(self.root)), [])
        for use, path, row in [("[DTT_COUNTER_DHT_B]", "src/base/counter.def", "DHT_B"),
                               ("DTT_TRACE(d->ctx, DHT_C, x);", "src/base/trace.def", "DHT_C"),
                               ("->pace_ns", "src/tracker/tuning.def", "pace"),
                               ("cfg.width", "src/tracker/tuning.def", "width"),
                               ("return DTT_EIO", "include/dtt/types.h", "DTT_EIO"),
                               ("r = DTT_REASON_LIMIT", "include/dtt/types.h", "DTT_REASON_LIMIT")]:
            self.write("src/dht/dht.c", code.replace(use, ""))
            self.assertEqual(list(used.check(self.root)), [f"{path}: nothing uses {row}"])
        self.write("cli/a.c", 'strcmp(m.name, "dht_a"); strcmp(m.name, "dht_z");')
        self.write("src/dht/dht.c", code)
        self.assertEqual(list(used.check(self.root)), ["cli/a.c: no counter is named dht_z"])


class Tested(unittest.TestCase):
    def test_a_name_without_a_test_is_found(self):
        lists = {"src/tracker/tuning.def": "KNOB(MS, pace, 0)\nKNOB(N, width, 1)\n",
                 "include/dtt/types.h": 'X(DTT_REASON_RESET, "reset")\nX(DTT_REASON_GONE, "gone")\n'
                                        "X(DTT_EIO, -1)\nX(DTT_EAUTH, -2)\n",
                 "include/dtt/event.h": "    DTT_EVENT_LEFT,\n    DTT_EVENT_JOINED\n",
                 "src/api/libdtt.map": "    dtt_topic_join;\n    dtt_topic_leave;\n"}
        tests = ('pace_ns "gone 3 reset" DTT_EIO DTT_EVENT_LEFT dtt_topic_join(&t)'
                 ' widths DTT_EAUTHOR "gone" dtt_topic_leaves')
        self.assertEqual(list(tested.names_missing(lists, tests)), [
            "no test names the knob width", "no test names the reason gone",
            "no test names the error DTT_EAUTH", "no test names the event DTT_EVENT_JOINED",
            "no test names the function dtt_topic_leave"])

    def test_a_method_or_key_without_a_seed_is_found(self):
        wire = '#define T "t"\n    X(PING, "ping")\n    X(SAMPLE, "sample")\n'
        fields = 'FIELD("id", STR, id)\nFIELD("num", INT, num)\n'
        self.assertEqual(
            list(tested.krpc_missing(wire, fields, b"2:id1:q4:ping", "70696e67", "\n| ping | ok |")),
            ["no seed of tests/fuzz/corpus/krpc has the method sample",
             "no datagram of tests/vectors/dht.json has the method sample",
             "no row of docs/compatibility-dht.md has the method sample",
             "no seed of tests/fuzz/corpus/krpc has the key num"])

    def test_an_operation_that_never_lacks_memory_is_found(self):
        header = ("int dtt_dht_get(struct dtt_dht *d,\n    dtt_dht_op *ret);\n"
                  "int dtt_dht_sample(struct dtt_dht *d, dtt_dht_op *ret);\nint dtt_dht_open(int);\n")
        calls = {"oom.c": "x = dtt_dht_get(d, &op);", "node.c": "dtt_dht_sample(d, &op)"}
        self.assertEqual(list(tested.operations_missing(header, calls)),
                         ["node.c does not call dtt_dht_get", "oom.c does not call dtt_dht_sample"])

    def test_a_command_that_nothing_runs_is_found(self):
        self.assertEqual(list(tested.commands_missing("X(chat)\nX(dht_get_immutable)\nX(dht_peers)\n",
                                                      'run("chat"); run("dht", "get-immutable")')),
                         ["no test of tests/e2e runs dtt dht peers"])


@unittest.skipUnless(shutil.which("git"), "there is no git here")
class Changelog(Tree):
    def commit(self):
        for words in (["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
            subprocess.run(["git", "-C", self.root, *words], check=True)

    def test_a_name_that_the_changelog_cannot_know_is_found(self):
        subprocess.run(["git", "-C", self.root, "init", "-q"], check=True)
        self.write("CHANGELOG.md", "one\n")
        self.write("cli/commands.def", "X(chat)\n")
        self.commit()
        self.assertEqual(check_changelog.changes(self.root), set())
        self.write("cli/commands.def", "X(chat)\nX(sample)\n")
        self.assertEqual(check_changelog.changes(self.root), {"sample"})
        self.commit()
        self.assertEqual(check_changelog.changes(self.root), {"sample"})
        self.write("CHANGELOG.md", "two\n")
        self.assertEqual(check_changelog.changes(self.root), set())
        self.commit()
        self.assertEqual(check_changelog.changes(self.root), set())


class Symbols(Tree):
    def findings(self, module, source):
        self.write("sample.c", source)
        sample = self.root / "sample.c"
        subprocess.run(["cc", "-c", "-O1", "-fPIC", "-o", sample.with_suffix(".o"), sample],
                       check=True)
        return list(check_symbols.check([(module, sample.with_suffix(".o"))]))

    def test_mathematics_passes(self):
        self.assertEqual(self.findings("base", """
            #include <stdlib.h>
            #include <string.h>
            static const char *const words[] = {"a", "b"};
            const char *dtt_word(int i) { return strdup(words[i]); }
        """), [])

    def test_io_is_found(self):
        for call in ["int socket(int, int, int); int dtt_x(void) { return socket(1, 2, 3); }",
                     "#include <stdio.h>\nint dtt_x(int i) { return printf(\"%d\", i); }",
                     "#include <time.h>\nlong dtt_x(void) { return time(0); }",
                     "#include <stdlib.h>\nvoid dtt_x(void) { abort(); }",
                     "#include <stdlib.h>\nint dtt_x(void) { return rand(); }",
                     "void randombytes_buf(void *, long);\n"
                     "void dtt_x(void *p) { randombytes_buf(p, 3); }"]:
            with self.subTest(call):
                self.assertEqual(len(self.findings("base", call)), 1)

    def test_library_of_another_module(self):
        call = "int ngtcp2_conn_del(void *); int dtt_x(void *c) { return ngtcp2_conn_del(c); }"
        self.assertEqual(self.findings("quic", call), [])
        self.assertEqual(len(self.findings("gossip", call)), 1)

    def test_state_is_found(self):
        for state in ["static int n; int dtt_x(void) { return n++; }",
                      "static int n = 3; int dtt_x(void) { return n++; }",
                      "int dtt_x(void) { static int n; return n++; }",
                      "static _Thread_local int n; int dtt_x(void) { return n++; }"]:
            with self.subTest(state):
                self.assertIn("state", " ".join(self.findings("base", state)))

    def test_prefix(self):
        self.assertIn("prefix", " ".join(self.findings("base", "int x(void) { return 1; }")))


class Summary(Tree):
    def summary(self, *results):
        self.write("log.json", "".join(
            f'{{"name": "t", "result": "{result}", "stdout": "why"}}\n' for result in results))
        return test_summary.main(self.root / "log.json")

    def test_status(self):
        self.assertEqual(self.summary("OK", "SKIP"), 0)
        self.assertEqual(self.summary("OK", "FAIL"), 1)
        self.assertEqual(self.summary("OK", "TIMEOUT"), 1)
        self.assertEqual(self.summary("SKIP"), 1)
        self.assertEqual(test_summary.main(self.root / "none"), 1)


if __name__ == "__main__":
    unittest.main()
