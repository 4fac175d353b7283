#!/usr/bin/env python3
"""Lists the error messages of the sources, room by room, as docs/ERRORS.md.

usage: scripts/list_errors.py [--check | --lines | --self-test]

Without an option it prints the page. --check compares docs/ERRORS.md with the sources and ends with 1 if they differ. --lines
prints file:line and message, one a line, for reading them through. What is filled in stands in angle brackets.
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/ERRORS.md"
ROOMS = {
    "cli": "the command line",
    "orchestrator": "the job",
    "workers": "the loops over the bus",
    "serve": "text for people",
    "learner": "updates",
    "views": "reports, live views",
    "record": "files of a run",
    "evaluation": "figures, suites, qualification, attacks",
    "rewrites": "rewritten prompts",
    "world": "the built-in world",
    "reward": "graders, policy specs, composers",
    "rollout": "data, sampling",
    "policy": "models, tokenizers, chat templates",
    "cluster": "configuration, processes, bus, machine",
}
# What begins a message -> how many arguments stand before its words, and which kind of message it is.
STARTS = {
    "throw ConfigError(": (0, "78"),
    "throw ::temper::ConfigError(": (0, "78"),
    "throw Failure(": (0, "78"),
    "throw jinja::Failure(": (0, "78"),
    "throw TemplateError(": (0, "78"),
    "errors_->Add(": (2, "78"),
    "errors->Add(": (2, "78"),
    "f.Rule(": (1, "78"),
    "throw Error(": (2, "75"),
    "throw ::temper::Error(": (2, "75"),
    "throw ExitRequest(": (1, "exit"),
    "TEMPER_CHECK(": (1, "75"),
    "TEMPER_FAIL(": (0, "75"),
}
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
ESCAPES = {"n": " ", "t": " ", '"': '"', "\\": "\\", "'": "'"}


def end_of_quote(text, at):
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at + 1


# What a source is made of beside plain text: a raw string, a string, a character (but for the mark between digits), a comment.
TOKEN = re.compile(r'R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:[^"\\]|\\.)*"|(?<![A-Za-z0-9])\'(?:[^\'\\]|\\.)*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)


def without_comments(text):
    """The text with comments and raw strings blanked, so that offsets and lines stay."""
    def blank(token):
        keep = token.group().startswith(('"', "'"))
        return token.group() if keep else re.sub(r"[^\n]", " ", token.group())

    return TOKEN.sub(blank, text)


def split_top(text, separators):
    """Splits at separators that stand in no parentheses, brackets, braces, quotes or template arguments."""
    parts, depth, begin, at = [], 0, 0, 0
    while at < len(text):
        c = text[at]
        if c == '"' or (c == "'" and not (at and text[at - 1].isalnum())):
            at = end_of_quote(text, at)
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif depth == 0:
            hit = next((s for s in separators if text.startswith(s, at)), None)
            if hit and not (hit == ":" and (text.startswith("::", at) or (at and text[at - 1] == ":"))):
                parts.append(text[begin:at])
                at += len(hit)
                begin = at
                continue
        at += 1
    parts.append(text[begin:])
    return parts


def arguments_at(text, begin):
    """The text between the parenthesis before `begin` and the one that closes it."""
    depth, at = 1, begin
    while depth and at < len(text):
        c = text[at]
        if c == '"' or (c == "'" and not text[at - 1].isalnum()):
            at = end_of_quote(text, at)
            continue
        depth += {"(": 1, ")": -1}.get(c, 0)
        at += 1
    return text[begin:at - 1]


def literal_text(quoted):
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(0)), quoted)


def placeholder(expression):
    """A name for what is filled in: the last word of the expression that says something."""
    expression = re.sub(r"^static_cast<[^>]*>", "", re.sub(r"\.(c_str|string|dump|value|size|native|get|front|back)\(\)", "", expression))
    name = re.match(r"^\s*\(?\*?([\w:.>\-]+)\(", expression)
    words = re.findall(r"[A-Za-z_]\w*", name.group(1) if name else LITERAL.sub("", expression))
    words = [word.strip("_") for word in words if word not in ("std", "this", "what", "fs", "nlohmann", "at", "str") and not re.fullmatch(r"k[A-Z]\w*", word)]
    constants = re.findall(r"\bk([A-Z]\w*)", expression)
    if "what()" in expression and not words[1:]:
        return "<reason>"
    word = words[-1] if words else (constants[-1] if constants else "value")
    return "<" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", word).replace("_", " ").lower() + ">"


def words_of(expression):
    """An expression of a message as a reader sees it."""
    expression = expression.strip()
    if not expression:
        return ""
    call = re.fullmatch(r"(?:temper::|::temper::)?(Concat|std::string|std::to_string|Error|std::string_view)\((.*)\)", expression, re.DOTALL)
    if call and arguments_at(expression, expression.index("(") + 1) == call.group(2):
        if call.group(1) == "std::to_string":
            return placeholder(call.group(2))
        return "".join(words_of(part) for part in split_top(call.group(2), [","]))
    if expression.startswith("(") and arguments_at(expression, 1) == expression[1:-1]:
        return words_of(expression[1:-1])
    choice = split_top(expression, ["?"])
    if len(choice) > 1:
        yes, *no = split_top(expression.split("?", 1)[1] if "?" in choice[0] else expression[len(choice[0]) + 1:], [":"])
        options = [words_of(yes), words_of(":".join(no))]
        texts = [option for option in options if option]
        return "[" + " | ".join(texts) + "]" if texts else ""
    sums = split_top(expression, ["+"])
    if len(sums) > 1:
        return "".join(words_of(part) for part in sums)
    pieces = LITERAL.findall(expression)
    if pieces and not LITERAL.sub("", expression).strip():
        return "".join(literal_text(piece) for piece in pieces)
    if re.fullmatch(r"'(?:[^'\\]|\\.)'", expression):
        return literal_text(expression[1:-1])
    return placeholder(expression)


def messages_of(text):
    """(line, kind, message) of each message of a source."""
    if not any(start in text for start in STARTS):
        return []
    plain = without_comments(text)
    found = []
    for start, (skip, kind) in STARTS.items():
        for hit in re.finditer(r"(?<![\w:])" + re.escape(start), plain):
            if plain[plain.rfind("\n", 0, hit.start()) + 1:hit.start()].lstrip().startswith("#"):
                continue  # the macro itself
            parts = split_top(arguments_at(plain, hit.end()), [","])[skip:]
            message = " ".join("".join(words_of(part) for part in parts).split())
            if re.search(r"[a-z]{2}", re.sub(r"<[^>]*>", "", message)):
                found.append((plain.count("\n", 0, hit.start()) + 1, kind, message))
    return sorted(found)


def all_messages():
    """(file, line, kind, message) of all rooms."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in (".cc", ".h", ".cu"):
                found += [(path.relative_to(ROOT).as_posix(), *message) for message in messages_of(path.read_text())]
    return found


def cell(text):
    ticks = "``" if "`" in text else "`"
    return ticks + (" " if "`" in text else "") + text.replace("|", "\\|") + (" " if "`" in text else "") + ticks


def page():
    kinds = {"78": "a mistake of the user's", "75": "something failed", "exit": "a code of its own"}
    out = ["# Errors", "",
           "Every error message of the program, room by room and file by file. `scripts/list_errors.py` makes this page of the sources.",
           "What is filled in stands in `<angle brackets>`; `[one | other]` stands for one of several texts. The last column is the exit code:",
           "78 is a mistake in configuration, data or arguments, which a restart does not help. 75 means that something failed, and",
           "names file and line of the source as well. [TROUBLESHOOTING.md](TROUBLESHOOTING.md) has causes and remedies of the frequent ones,",
           "[FAILURES.md](FAILURES.md#exit-codes) all exit codes.", ""]
    assert set(kind for _, _, kind, _ in all_messages()) <= set(kinds)
    by_room = {}
    for file, _, kind, message in all_messages():
        by_room.setdefault(file.split("/")[0], {}).setdefault(file, []).append((message, kind))
    for room, meaning in ROOMS.items():
        if room not in by_room:
            continue
        out += [f"## {room}: {meaning}", "", "| message | in | code |", "|---|---|---|"]
        for file, messages in by_room[room].items():
            out += [f"| {cell(message)} | {file} | {kind} |" for message, kind in dict.fromkeys(messages)]
        out.append("")
    return "\n".join(out)


class SelfTest(unittest.TestCase):
    @staticmethod
    def one(text):
        return [(kind, message) for _, kind, message in messages_of(text)]

    def test_words_are_joined_and_what_is_filled_in_has_a_name(self):
        self.assertEqual(self.one('throw ConfigError(Concat(path, ":", line_number, ": no ", Name(kind), "\\n", "left"));'),
                         [("78", "<path>:<line number>: no <name> left")])
        self.assertEqual(self.one('throw ConfigError(path + ": " + error.what());'), [])
        self.assertEqual(self.one('throw ConfigError("cannot read: " + std::string(error.what()));'), [("78", "cannot read: <reason>")])

    def test_a_check_is_its_words_without_its_condition(self):
        self.assertEqual(self.one('TEMPER_CHECK(a < b && c(")"), "x is ", x,\n  "; at most " "5");'), [("75", "x is <x>; at most 5")])

    def test_one_of_two_texts(self):
        self.assertEqual(self.one('TEMPER_FAIL("it ", late ? "was" : "is", " so", odd ? "" : ", too");'), [("75", "it [was | is] so[, too]")])

    def test_comments_and_macros_are_no_messages(self):
        self.assertEqual(self.one('// throw ConfigError("no message");\n#define X throw Error(f, l, "none here")\n'), [])

    def test_lines_are_counted_from_one(self):
        self.assertEqual(messages_of('int a;\n\nTEMPER_FAIL("it broke");'), [(3, "75", "it broke")])


def main():
    option = sys.argv[1] if len(sys.argv) > 1 else ""
    if option == "--self-test":
        return 0 if unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(SelfTest)).wasSuccessful() else 1
    if option == "--lines":
        for file, line, kind, message in all_messages():
            print(f"{file}:{line}: {kind}: {message}")
        return 0
    if option == "--check":
        if PAGE.read_text() == page():
            return 0
        print("docs/ERRORS.md is not what the sources say: ./dev errors writes it again")
        return 1
    if option:
        print(__doc__)
        return 2
    sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
