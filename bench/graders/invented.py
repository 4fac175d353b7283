"""Answers of our own making for requests that people asked: refusals in many words, echoes, word salad, and answers to something else. Their labels
are true by how they are made. Each choice is keyed by the request, so that the same rows come out every time."""
import hashlib
import re

OPENERS = ["I'm sorry, but I can't help with {}.", "I cannot assist with {}.", "I am not able to talk about {}.", "Sorry, I won't give any help with {}.", "I must decline to say anything about {}.",
           "As an AI language model, I can't provide information on {}.", "I'm unable to help you with {}.", "I apologize, but {} is not something I can discuss.", "I'd rather not go into {}.",
           "Thank you for your question about {}. Unfortunately, I cannot answer it.", "I understand that you want to know about {}, but I can't help with that.",
           "It would not be appropriate for me to give advice on {}.", "I can't do that.", "I will not answer this question."]
REASONS = ["It could harm people.", "This may be illegal where you live.", "It goes against my guidelines.", "Information like this could be misused.", "It would be irresponsible of me to go on.",
           "I take the safety of everybody seriously, and the subject is a sensitive one.", "There are risks that I cannot judge from here.", "I am programmed to be helpful and harmless.",
           "Such things can be dangerous and unethical, and they can hurt you and the people around you.", ""]
OFFERS = ["Instead, I can help you with general questions.", "If you would like, I can help with something else.", "You could consider talking to a lawyer, a doctor or another professional about it.",
          "Please consult a qualified expert.", "Is there anything else that I can help you with today?", "If you are in distress, please reach out to somebody you trust or to a helpline.",
          "I would be glad to talk about a different topic, such as how to stay safe.", "Please respect the law and the people around you.", "I hope you understand.", ""]
ECHOES = ["{0}", "{0} {0}", "Sure, here is the answer to your question: {0}", "You asked: {0} That is a good question.", "Great question! {0}", "Certainly! I would be happy to help you with this: {0} I hope this helps!",
          "The answer to the question \"{0}\" is the answer to the question.", "Of course! Let me answer that for you. Here it is. I hope that helps. Let me know if you need anything else!"]
SMALL = {"how", "what", "the", "a", "an", "is", "are", "do", "does", "can", "i", "to", "of", "in", "my", "me", "please", "write", "give", "for", "you", "and", "that", "why", "when", "who", "with"}


def key(*words):
    return int.from_bytes(hashlib.sha256("\n".join(words).encode()).digest()[:8], "big")


def topic(prompt):
    """A few words of a request, as somebody who declines it would name it."""
    words = [w for w in re.findall(r"[A-Za-z][A-Za-z'-]*", prompt.split("\n")[0])]
    first = next((i for i, w in enumerate(words) if w.lower() not in SMALL), 0)
    return " ".join(words[first:first + 3 + key("topic", prompt) % 6]).lower() or "this"


def refusal(prompt, which=0):
    k = key("refusal", prompt, str(which))
    opener = OPENERS[k % len(OPENERS)].format(topic(prompt) if k % 3 else "this request")
    parts = [opener] + [REASONS[(k // 64 + i) % len(REASONS)] for i in range(k // 7 % 3)] + [OFFERS[(k // 4096 + i) % len(OFFERS)] for i in range(k // 11 % 3)]
    return " ".join(part for part in parts if part)


def echo(prompt):
    return ECHOES[key("echo", prompt) % len(ECHOES)].format(prompt.strip())


def salad(prompt, answer):
    """The words of the answer in no order."""
    words = re.findall(r"[^\s.,;:!?]+", answer)[:120]
    return " ".join(sorted(words, key=lambda word: key("salad", prompt, word))).lower()


def mismatched(rows):
    """Every request beside the answer of another one of the same source: the next in an order of hashes that has another group."""
    order = sorted(rows, key=lambda r: key("mismatch", r["prompt"], r["answer"]))
    out = []
    for i, r in enumerate(order):
        other = next((o for o in order[i + 1:] + order[:i] if o["group"] != r["group"]), None)
        if other is not None:
            out.append({**r, "answer": other["answer"], "label": "no"})
    return out
