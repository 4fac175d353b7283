"""Checks of any page of ours: structure, contrast, width, focus, print. Each raises AssertionError with what is wrong."""

# Every visible text with its colour and what lies behind it: the nearest opaque ground of an element around it, or of a shape of the same
# drawing painted before it at the same place. Returns the text, the ratio by WCAG 2 and the colours, the lowest first.
CONTRAST = """() => {
  const luminance = (c) => {
    const f = c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2];
  };
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data;
    return [d[0], d[1], d[2], d[3] / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat([1]);
  const known = new Map();
  const colour = (text) => known.get(text) || known.set(text, rgba(text)).get(text);
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const within = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
  const behind = (text, box) => {  // in a drawing
    const svg = text.closest('svg');
    let found = ground(svg);
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    for (const shape of svg.querySelectorAll('rect')) {
      if (shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_PRECEDING) break;
      if (!within(shape.getBoundingClientRect(), x, y)) continue;
      const style = getComputedStyle(shape), c = colour(style.fill).slice();
      c[3] *= Number(style.opacity);
      found = over(c, found);
    }
    return found;
  };
  const results = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement, text = node.textContent.trim();
    if (!text || element.closest('script,style,title,option') || !element.checkVisibility({visibilityProperty: true})) continue;
    const range = document.createRange();
    range.selectNode(node);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    const style = getComputedStyle(element), svg = element.closest('svg');
    if (element.disabled) continue;
    const below = svg ? behind(element, box) : ground(element);
    const ink = over(colour(svg ? style.fill : style.color), below);
    const a = luminance(ink), b = luminance(below);
    results.push({ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text: text.slice(0, 40), ink, below});
  }
  return results.sort((a, b) => a.ratio - b.ratio).slice(0, 5).concat([{count: results.length}]);
}"""

# What a screen reader calls each control; "" where it has nothing to say.
UNNAMED = """() => [...document.querySelectorAll('button,select,input,textarea,a,[role=listbox],[role=region],summary')]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() && e.tagName !== 'SELECT' || (e.labels && e.labels.length &&
    e.labels[0].textContent.trim()))).map((e) => e.outerHTML.slice(0, 120))"""

WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (e) => e && (['auto', 'scroll'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [document.documentElement.scrollWidth - width, [...document.querySelectorAll('body *')]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 1 && !e.closest('svg') && !scrolls(e.parentElement))
    .map((e) => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 50)).slice(0, 5)];
}"""


def structure(page):
    """One h1, no level of heading left out, landmarks, a language, ids that exist once, links that lead somewhere."""
    levels = page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "all => all.filter((e) => e.checkVisibility()).map((e) => +e.tagName[1])")
    assert levels and levels[0] == 1 and levels.count(1) == 1, levels
    for before, after in zip(levels, levels[1:]):
        assert after <= before + 1, f"a heading of level {after} follows one of level {before}: {levels}"
    for landmark in ("main", "nav[aria-label]", "header"):
        assert page.locator(landmark).count() >= 1, f"no {landmark}"
    assert page.locator("html").get_attribute("lang") == "en" and page.title()
    ids = page.eval_on_selector_all("[id]", "all => all.map((e) => e.id)")
    assert len(ids) == len(set(ids)), sorted(i for i in set(ids) if ids.count(i) > 1)
    for target in page.eval_on_selector_all("a[href^='#']", "all => all.map((e) => e.getAttribute('href'))"):
        assert target[1:] in ids, f"a link leads to {target}, which is not there"
    for chart in page.eval_on_selector_all("svg:not([aria-hidden])", "all => all.map((e) => e.getAttribute('aria-label') || '')"):
        assert chart, "a chart without a name"
    assert not page.evaluate(UNNAMED), page.evaluate(UNNAMED)


def contrast(page):
    """The lowest contrast of any text, which must be at least 4.5."""
    *worst, total = page.evaluate(CONTRAST)
    assert total["count"] > 50, "hardly any text was found: the check does not see the page"
    assert worst[0]["ratio"] >= 4.5, worst
    return worst[0]["ratio"]


def narrow(page):
    """Nothing sticks out of a narrow window but what scrolls by itself."""
    beyond, elements = page.evaluate(WIDE)
    assert beyond <= 0 and not elements, (beyond, elements)


def focus(page):
    """Tab reaches every control in turn, and each shows that it has the focus."""
    wanted = page.eval_on_selector_all(
        "a[href],button,select,input,summary,[tabindex='0']", "all => all.filter((e) => e.checkVisibility() && !e.disabled).length")
    seen = 0
    page.evaluate("document.activeElement.blur()")
    for _ in range(wanted + 200):  # areas that scroll are reached as well
        page.keyboard.press("Tab")
        state = page.evaluate("""() => {
          const e = document.activeElement;
          if (e === document.body || e.dataset.reached) return null;
          e.dataset.reached = 'yes';
          const style = getComputedStyle(e), control = e.matches("a[href],button,select,input,summary,[tabindex='0']");
          return [control, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1, e.outerHTML.slice(0, 100)];
        }""")
        if state is None:
            break
        assert state[1], f"no visible focus on {state[2]}"
        seen += state[0]
    assert seen == wanted, f"Tab reached {seen} of {wanted} controls"


def printed(page):
    """In print there is the content, and nothing to click."""
    page.emulate_media(media="print")
    controls = page.eval_on_selector_all("nav,button,select,input", "all => all.filter((e) => e.checkVisibility()).map((e) => e.outerHTML)")
    assert not controls, controls[:3]
    talks = page.locator("article.talk:visible").count()
    assert talks > 0 or page.locator("#transcripts").count() == 0, "the transcripts are not printed"


def without_script(page):
    """Without script nothing that needs it is shown, and the transcripts are."""
    assert page.locator("form:visible,button:visible").count() == 0
    assert page.locator("#transcripts").count() == 0 or page.locator("#transcripts article.talk:visible").count() > 0
