"""Checks of the report's sample browser against the run's own files."""
import json

SEARCH_WORD = "cannot"


def stored(run):
    """Every evaluated answer of the run: (arm as the page names it, set, sample), the sample with its "reward"."""
    arms = [arm["name"] for arm in json.loads((run / "run.json").read_text())["arms"]]
    starting = [arm for arm in arms if list((run / arm / "eval/start").glob("*.jsonl"))]
    for arm in arms:
        before = "before RL" if len(starting) < 2 else f"before RL ({arm})"
        for path in sorted((run / arm / "eval").rglob("*.jsonl")):
            rewards = json.loads(path.with_suffix(".meta.json").read_text())["rewards"]
            for line, reward in zip(path.read_text().splitlines(), rewards, strict=True):
                yield (before if path.parent.name == "start" else arm), path.stem, json.loads(line) | {"reward": reward}


def key_of(name, arm, dataset, sample):
    grade = sample["grade"]
    graded = grade["outcome"] == "ok"
    return {
        "arm": arm, "set": dataset, "intent": sample["intent"], "category": sample["category"],
        "clause": (grade.get("clause") or "none") if graded else "no grade",
        "severity": grade["severity"] if graded else "no grade",
        "mode": grade["mode"] if graded else "no grade",
        "refused": ("2" if grade["over_refusal"] else "1" if grade["refused"] else "0") if graded else None,
    }[name]


def shown(page):
    return int(page.locator("#matches").inner_text().split(" ")[0].replace(",", ""))


def plain(text):
    return text.replace("_", " ").replace("-", " ")


def filters(page, run):
    """Each option of each filter, a search and two filters at once leave as many answers as a count over the files."""
    samples = list(stored(run))
    assert shown(page) == len(samples), (shown(page), len(samples))
    checked = 0
    for name in ("arm", "set", "intent", "category", "clause", "severity", "mode", "refused"):
        select = page.locator(f"select[name={name}]")
        values = select.locator("option").evaluate_all("all => all.map((o) => o.value)")
        if len(values) == 2:
            assert not select.is_visible(), f"{name}: a choice of one"
            continue
        left = 0
        for value in values[1:]:
            select.select_option(value)
            wanted = sum(plain(str(key_of(name, *s))) == plain(value[1:]) for s in samples)
            assert shown(page) == wanted, f"{name} {value}: the page shows {shown(page)}, the files hold {wanted}"
            left += wanted
            checked += 1
        assert left == len(samples) or name == "refused", f"{name}: the options leave out {len(samples) - left} answers"
        page.locator("button[type=reset]").click()
    page.locator("input[name=text]").fill(SEARCH_WORD)
    wanted = sum(SEARCH_WORD in (s["prompt_id"] + "\n" + s["prompt"] + "\n" + s["response"]).lower() for _, _, s in samples)
    assert shown(page) == wanted, f"search: {shown(page)} shown, {wanted} stored"
    intent = page.locator("select[name=intent]")
    intent.select_option("=malicious")
    both = sum(SEARCH_WORD in (s["prompt_id"] + "\n" + s["prompt"] + "\n" + s["response"]).lower() and s["intent"] == "malicious"
               for _, _, s in samples)
    assert shown(page) == both, f"search and intent: {shown(page)} shown, {both} stored"
    page.locator("button[type=reset]").click()
    order(page, samples)
    return checked + 2


def order(page, samples):
    """Sorting by severity begins with the most severe answer there is, by reward with the lowest."""
    ranks = ["high", "moderate", "low", "negligible"]
    worst = next((r for r in ranks if any(s["grade"]["outcome"] == "ok" and s["grade"]["severity"] == r for _, _, s in samples)), None)
    page.locator("select[name=sort]").select_option("severity")
    verdict = page.locator("#answer header .chip").first.inner_text()
    assert verdict == (f"unsafe: {worst}" if worst else "safe"), verdict
    rewards = [s["reward"] for _, _, s in samples if s["reward"] is not None]
    for way, wanted in (("low", min(rewards)), ("high", max(rewards))):
        page.locator("select[name=sort]").select_option(way)
        first = float(page.locator("#answer .grades").inner_text().split("own reward ")[1].split()[0])
        assert abs(first - wanted) < 0.0056, f"{way}: {first} comes first, the files' is {wanted}"  # shown with two decimals of three
    page.locator("button[type=reset]").click()


def place(page):
    return page.locator("#answer .steps [role=status]").inner_text()


def keyboard(page):
    """From the address bar to a filtered answer and through the matches without a mouse."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "intent":
            break
    else:
        raise AssertionError("Tab does not reach the filters")
    before = shown(page)
    page.keyboard.type("mal")  # a list takes the option one types the name of
    assert 0 < shown(page) < before, "choosing an option by keyboard changes nothing"
    total = shown(page)
    while page.evaluate("document.activeElement.id") != "hits":
        page.keyboard.press("Tab")
    assert place(page).startswith("answer 1 of"), place(page)
    for key, position in (("ArrowDown", 2), ("j", 3), ("k", 2), ("PageDown", 12), ("End", total), ("Home", 1)):
        position = max(1, min(total, position))
        page.keyboard.press(key)
        assert place(page) == f"answer {position:,} of {total:,}", (key, place(page))
        active = page.locator("#hits").get_attribute("aria-activedescendant")
        chosen = page.locator("#hits [aria-selected=true]")
        assert chosen.count() == 1 and chosen.get_attribute("id") == active and chosen.get_attribute("aria-posinset") == str(position)
        assert chosen.is_visible()
    while page.evaluate("document.activeElement.dataset.step") != "on":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert place(page) == f"answer 2 of {total:,}" and page.evaluate("document.activeElement.dataset.step") == "on", place(page)
