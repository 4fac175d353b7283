"""The commands of a Markdown page, as its reader would type them."""
import dataclasses
import re
import shlex

PROGRAMS = re.compile(r"^(temper|cmake|\./[\w.]+|scripts/[\w.]+)$")


@dataclasses.dataclass(frozen=True)
class Command:
    page: str   # from the root of the tree
    line: int
    words: tuple
    block: bool  # of a block of code, else of a line's text

    @property
    def text(self):
        return " ".join(self.words)

    @property
    def place(self):
        return f"{self.page}:{self.line}: {self.text}"


def split_line(line):
    """The simple commands of a line of shell, each as its words; () where it cannot be read as one."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split, lexer.commenters = True, "#"
    commands, words = [], []
    try:
        for word in lexer:
            if re.fullmatch(r"[|&;()<>]+", word):
                commands.append(tuple(words))
                words = []
            else:
                words.append(word)
    except ValueError:
        return []
    return [command for command in [*commands, tuple(words)] if command]


def of_line(line):
    """The commands of a line that this project has to answer for: its own programs, in front or behind variables and mpirun."""
    found = []
    for words in split_line(line):
        while words and re.match(r"^[A-Z_]+=", words[0]):
            words = words[1:]
        if words and words[0] == "mpirun" and "temper" in words:
            words = words[words.index("temper"):]
        if words and PROGRAMS.match(words[0]):
            found.append(words)
    return found


def code_lines(text):
    """(number, line) of each line of code of a page, with continued lines joined."""
    fence, previous_blank, in_code, in_item = None, True, False, False
    pending = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"^```(\w*)", line)
        if mark:
            fence = mark.group(1) if fence is None else None
            continue
        indented = fence is None and line.startswith("    ") and (previous_blank or in_code) and not in_item
        in_code = indented
        previous_blank = not line.strip()
        if re.match(r"^\s*(?:[-*+]|\d+\.)\s", line) and not indented:
            in_item = True
        elif line.strip() and not line.startswith(" "):
            in_item = False
        if not indented and fence not in ("", "sh", "bash"):
            continue
        code = line[4:] if indented else line
        if pending:
            number, code = pending[0], pending[1] + " " + code.strip()
        continued = code.endswith(("\\", "|"))
        pending = (number, code.rstrip("\\").rstrip()) if continued else None
        if pending is None:
            yield number, code


def of_page(page, text):
    found = []
    for number, line in code_lines(text):
        if not line.startswith(" "):
            found += [Command(page, number, words, True) for words in of_line(line)]
    in_fence = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            in_fence = not in_fence
        elif not in_fence and not line.startswith("    "):
            for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", line):
                if re.match(r"^(temper|mpirun|cmake|\./\w+|scripts/) ?", span) and "..." not in span:
                    plain = re.sub(r"[\[\]]|\|\w+", " ", span) if "[" in span and "=[" not in span else span.split("|")[0]
                    found += [Command(page, number, words, False) for words in of_line(plain)]
    return found
