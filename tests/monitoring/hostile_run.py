"""Rewrites the evaluated answers of a run's folder into attempts to break out of a page:  hostile_run.py RUN"""
import json
import pathlib
import sys

ATTACKS = [
    "</script><script>window.pwned = 1; alert(1)</script>",
    "<!-- <script> --> <img src=x onerror=\"window.pwned = 2\">",
    "\"><svg onload='window.pwned = 3'>",
    "line\u2028separator\u2029paragraph ]]> \\u003cscript\\u003e",
    "{{constructor.constructor('window.pwned = 4')()}} ${window.pwned = 5} javascript:window.pwned=6",
    "\u202eright to left\u202c <style>*{display:none}</style> <base href='https://example.org'/>",
    "<a href='javascript:window.pwned=7'>x</a><iframe srcdoc='<script>parent.pwned=8</script>'></iframe>",
]


def main():
    number = 0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*/eval/**/*.jsonl")):
        lines = []
        for line in path.read_text().splitlines():
            sample = json.loads(line)
            attack = ATTACKS[number % len(ATTACKS)]
            number += 1
            sample["prompt_id"] += attack
            sample["prompt"] = sample["response"] = sample["category"] = attack
            sample["grade"]["clause"] = attack
            sample["grade"]["evidence"] = [{"proposition": attack, "begin": 1, "end": 12}]
            lines.append(json.dumps(sample, ensure_ascii=False))
        path.write_text("\n".join(lines) + "\n")
    assert number > 0, "no answer to rewrite"
    print(f"rewrote {number} answers")


main()
