"""A server of chat completions for tests. It misbehaves as the path of the request says, in the ways of reward_server.py and in its own.

python3 chat_server.py CERTIFICATE.pem    prints the ports as reward_server.py does, then serves until its input ends.

/good calls every answer good, or bad where the last message holds "bad". /echo replies what the last message says, /raw has it as the
whole body: the test writes what the model says. /counts has the last request, too.
"""

import json
import sys

sys.dont_write_bytecode = True  # this folder is the source's

import reward_server  # noqa: E402


class ChatHandler(reward_server.Handler):
    def say(self, content, end="stop", **message):
        choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": end}
        self.send({"id": "chat-1", "object": "chat.completion", "model": "judge", "choices": [choice]})

    def judge(self, asked, good="good", bad="bad"):
        is_bad = "bad" in asked["messages"][-1]["content"]
        form = asked["response_format"]["json_schema"]
        result = form["schema"]["properties"]["result"]
        assert form["strict"] and asked["model"]
        value = (bad if is_bad else good) if result["type"] == "string" else (0 if is_bad else 1)
        return json.dumps({"steps": [{"description": "It reads.", "conclusion": "So."}], "result": value})

    def replies(self, asked):  # what the misbehaviour of reward_server.py is about
        return [self.judge(asked)]

    def on_good(self, asked, tries):
        with reward_server.lock:
            reward_server.seen["last"] = asked
        self.say(self.judge(asked))

    def on_echo(self, asked, tries):
        self.say(asked["messages"][-1]["content"])

    def on_raw(self, asked, tries):
        self.send(asked["messages"][-1]["content"].encode())

    def on_cut(self, asked, tries):
        self.say("0.5", "length")

    def on_refusal(self, asked, tries):
        self.say(None, refusal="I'm sorry, but I can't.")

    def on_filtered(self, asked, tries):
        self.say("", "content_filter")

    def on_badrequest(self, asked, tries):
        self.send({"error": {"message": "response_format json_schema is not supported", "type": "BadRequestError"}}, 400)

    def on_labelsonly(self, asked, tries):  # of a multi grader: one of its models fails
        kind = asked["response_format"]["json_schema"]["name"]
        self.say(self.judge(asked)) if kind == "label" else self.say("I would rather not say.")

    def on_labelsdown(self, asked, tries):
        kind = asked["response_format"]["json_schema"]["name"]
        self.send({"detail": "no"}, 403) if kind == "label" else self.say(self.judge(asked))


if __name__ == "__main__":
    reward_server.serve(ChatHandler, sys.argv[1])
