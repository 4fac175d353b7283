#!/usr/bin/env python3
"""Golden files of the chat templates: what transformers (5.23, jinja2 3.1.6) makes of tests/golden/chat_template.

Writes beside its inputs (templates/*.jinja, snippets.txt, variables.json):
  chats.json     chats, options, and for every template, chat and option the text of apply_chat_template or its error; for templates with
                 generation blocks also their byte spans
  snippets.json  every line of snippets.txt with the text jinja2 makes of it, or none where it refuses
Run: TZ=UTC python tests/golden/chat_template_golden.py
"""
import codecs
import datetime
import json
import pathlib

from jinja2.exceptions import TemplateError
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

FOLDER = pathlib.Path(__file__).parent / "chat_template"
NOW = 1735787045  # 2025-01-02 03:04:05 UTC; tests give the same

CALL = {"id": "call12345", "type": "function",
        "function": {"name": "get_weather", "arguments": {"city": "Paris", "days": 3, "exact": 1.0, "more": {"a": [1, None, True, "ü"]}}}}
CALL_TEXT = {"id": "call67890", "type": "function", "function": {"name": "now", "arguments": "{\"zone\": \"UTC\"}"}}

CHATS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello, what is <b>2 & 2</b>?"}],
    [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"},
     {"role": "assistant", "content": "four"}],
    [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
     {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}, {"role": "user", "content": "e"}],
    [{"role": "user", "content": "  \n spaces \t\n"}, {"role": "assistant", "content": "\n\u3000kept?\u00a0\n"}],
    [{"role": "user", "content": "Grüße 漢字 مرحبا ไทย 👩‍👩‍👧 é \u200b\u2028"}, {"role": "assistant", "content": "naïve “quotes” \\ ' \" \t\u0000\u007f"}],
    [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}],
    [{"role": "user", "content": "weather?"}, {"role": "assistant", "content": None, "tool_calls": [CALL]},
     {"role": "tool", "tool_call_id": "call12345", "name": "get_weather", "content": "{\"t\": 21}"},
     {"role": "assistant", "content": "21 degrees"}, {"role": "user", "content": "thanks"}],
    [{"role": "user", "content": "both?"}, {"role": "assistant", "content": "Looking.", "tool_calls": [CALL, CALL_TEXT]},
     {"role": "tool", "tool_call_id": "call12345", "content": "21"}, {"role": "tool", "tool_call_id": "call67890", "content": {"content": "12:00"}}],
    [{"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "image"}, {"type": "text", "text": " this?"}]},
     {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]}],
    [{"role": "user", "content": "why?"}, {"role": "assistant", "content": "<think>\nold thought\n</think>\n\nbecause"},
     {"role": "user", "content": "really?"}, {"role": "assistant", "reasoning_content": "\nnew thought\n", "content": "\nyes"}],
    [{"role": "user", "content": "q"}, {"role": "assistant", "thinking": "by another name", "content": "a", "extra": None}],
    [{"role": "user", "content": "twice"}, {"role": "user", "content": "in a row"}],
    [{"role": "assistant", "content": "I begin"}, {"role": "user", "content": "no"}],
    [{"role": "user", "content": "x", "name": "Ann", "score": 0.1, "big": 12345678901234567890, "nested": {"k": [[], {}, None, False]}}],
    [{"role": "developer", "content": "unknown role"}, {"role": "user", "content": "the quick brown fox\njumps over\n\nthe lazy dog"}],
]
TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "Gets the <weather> of a città.",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "Name of\nthe city"}, "days": {"type": ["integer", "null"], "default": 1},
            "unit": {"type": "string", "enum": ["C", "F"]}, "exact": {"type": "array", "items": {"type": "number"}},
            "where": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}}, "required": ["lat"]}},
            "required": ["city", "unit"]},
        "return": {"type": "string"}}},
    {"type": "function", "function": {"name": "Now", "description": "time", "parameters": {"type": "object", "properties": {}}}},
]
DOCUMENTS = [{"title": "Owls", "text": "Owls are birds.\nThey fly."}, {"title": "Ü", "text": ""}]
OPTIONS = [
    {},
    {"add_generation_prompt": True},
    {"tools": TOOLS, "add_generation_prompt": True},
    {"documents": DOCUMENTS, "variables": {"enable_thinking": False, "date_string": "1 Jan 2030"}, "add_generation_prompt": True},
]
SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}


class FixedTime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, datetime.timezone.utc)


def rendered(tokenizer, template, chat, options):
    arguments = {k: v for k, v in options.items() if k != "variables"} | options.get("variables", {})
    try:
        text = tokenizer.apply_chat_template(chat, chat_template=template, tokenize=False, **arguments)
    except Exception as error:  # whatever jinja2 and Python raise
        return {"error": str(error), "raised": type(error) is TemplateError}
    made = {"text": text}
    if "{%- generation" in template or "{% generation" in template:
        chat = [{k: v for k, v in message.items() if v is not None} for message in chat]
        _, spans = chat_template_utils.render_jinja_template(
            [chat], chat_template=template, return_assistant_tokens_mask=True, **SPECIAL_TOKENS, **arguments)
        made["spans"] = [[len(text[:begin].encode()), len(text[:end].encode())] for begin, end in spans[0]]
    return made


def write_chats():
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, unk_token="a")), **SPECIAL_TOKENS)
    results = {}
    for path in sorted((FOLDER / "templates").glob("*.jinja")):
        template = path.read_text()
        results[path.name] = [[rendered(tokenizer, template, chat, options) for options in OPTIONS] for chat in CHATS]
    golden = {"now": NOW, "special_tokens": SPECIAL_TOKENS, "chats": CHATS, "options": OPTIONS, "results": results}
    (FOLDER / "chats.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0))
    return results


def unescaped(line):
    return codecs.decode(line.encode("ascii", "backslashreplace"), "unicode-escape")


def write_snippets():
    variables = json.loads((FOLDER / "variables.json").read_text())
    golden = []
    for line in (FOLDER / "snippets.txt").read_text().split("\n"):
        if not line or line.startswith("#"):
            continue
        snippet = {"template": unescaped(line)}
        try:
            compiled = chat_template_utils._cached_compile_jinja_template(snippet["template"])
            snippet["text"] = compiled.render(messages=[], tools=None, documents=None, add_generation_prompt=False, **variables)
        except Exception as error:
            snippet["error"] = str(error)
            snippet["raised"] = type(error) is TemplateError
        golden.append(snippet)
    (FOLDER / "snippets.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0))
    return golden


def main():
    chat_template_utils.datetime = FixedTime
    results = write_chats()
    snippets = write_snippets()
    for name, chats in results.items():
        texts = sum("text" in r for chat in chats for r in chat)
        print(f"{name}: {texts} texts, {sum(map(len, chats)) - texts} errors")
    print(f"{len(snippets)} snippets, {sum('error' in s for s in snippets)} of them errors")


if __name__ == "__main__":
    main()
