#include "rewrites/text/english_words.h"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace temper {
namespace {

using Words = std::unordered_set<std::string_view>;

constexpr std::array kIrregular = std::to_array<IrregularVerb>({
    {"be", "was", "been"},
    {"become", "became", "become"},
    {"begin", "began", "begun"},
    {"break", "broke", "broken"},
    {"bring", "brought", "brought"},
    {"build", "built", "built"},
    {"burn", "burnt", "burnt"},
    {"buy", "bought", "bought"},
    {"catch", "caught", "caught"},
    {"choose", "chose", "chosen"},
    {"come", "came", "come"},
    {"cut", "cut", "cut"},
    {"deal", "dealt", "dealt"},
    {"do", "did", "done"},
    {"draw", "drew", "drawn"},
    {"drink", "drank", "drunk"},
    {"drive", "drove", "driven"},
    {"eat", "ate", "eaten"},
    {"fall", "fell", "fallen"},
    {"feed", "fed", "fed"},
    {"feel", "felt", "felt"},
    {"fight", "fought", "fought"},
    {"find", "found", "found"},
    {"fly", "flew", "flown"},
    {"forget", "forgot", "forgotten"},
    {"get", "got", "gotten"},
    {"give", "gave", "given"},
    {"go", "went", "gone"},
    {"grow", "grew", "grown"},
    {"have", "had", "had"},
    {"hear", "heard", "heard"},
    {"hide", "hid", "hidden"},
    {"hit", "hit", "hit"},
    {"hold", "held", "held"},
    {"keep", "kept", "kept"},
    {"know", "knew", "known"},
    {"lead", "led", "led"},
    {"learn", "learnt", "learnt"},
    {"leave", "left", "left"},
    {"let", "let", "let"},
    {"lie", "lay", "lain"},
    {"lose", "lost", "lost"},
    {"make", "made", "made"},
    {"mean", "meant", "meant"},
    {"meet", "met", "met"},
    {"overcome", "overcame", "overcome"},
    {"pay", "paid", "paid"},
    {"put", "put", "put"},
    {"read", "read", "read"},
    {"ride", "rode", "ridden"},
    {"rise", "rose", "risen"},
    {"run", "ran", "run"},
    {"say", "said", "said"},
    {"see", "saw", "seen"},
    {"seek", "sought", "sought"},
    {"sell", "sold", "sold"},
    {"send", "sent", "sent"},
    {"set", "set", "set"},
    {"shoot", "shot", "shot"},
    {"show", "showed", "shown"},
    {"shut", "shut", "shut"},
    {"sing", "sang", "sung"},
    {"sleep", "slept", "slept"},
    {"speak", "spoke", "spoken"},
    {"spend", "spent", "spent"},
    {"spread", "spread", "spread"},
    {"stand", "stood", "stood"},
    {"steal", "stole", "stolen"},
    {"strike", "struck", "struck"},
    {"swim", "swam", "swum"},
    {"take", "took", "taken"},
    {"teach", "taught", "taught"},
    {"tell", "told", "told"},
    {"think", "thought", "thought"},
    {"throw", "threw", "thrown"},
    {"understand", "understood", "understood"},
    {"wear", "wore", "worn"},
    {"win", "won", "won"},
    {"write", "wrote", "written"},
});

const Words& TellingVerbs() {
  static const Words kWords = {"explain", "describe", "tell",   "give",  "provide", "offer", "list",    "show",       "outline",
                               "detail",  "teach",    "advise", "share", "discuss", "state", "suggest", "illustrate", "summarize"};
  return kWords;
}

const Words& RequestVerbs() {
  static const Words kWords = {
      "write",    "create",      "draft",     "design",   "generate",  "develop", "make",     "build",       "argue",      "encourage",
      "compose",  "produce",     "prepare",   "plan",     "find",      "help",    "act",      "answer",      "analyze",    "ask",
      "assemble", "assume",      "bake",      "become",   "begin",     "break",   "brew",     "buy",         "bypass",     "calculate",
      "change",   "check",       "choose",    "clean",    "come",      "compare", "compile",  "complete",    "compute",    "construct",
      "convert",  "convince",    "cook",      "correct",  "count",     "craft",   "cut",      "debug",       "decide",     "decode",
      "define",   "demonstrate", "depict",    "destroy",  "determine", "devise",  "do",       "draw",        "edit",       "elaborate",
      "encode",   "enter",       "establish", "estimate", "evaluate",  "examine", "expand",   "explore",     "express",    "extract",
      "fill",     "fix",         "follow",    "form",     "formulate", "get",     "go",       "grow",        "hack",       "identify",
      "ignore",   "imagine",     "implement", "improve",  "include",   "install", "instruct", "interpret",   "introduce",  "invent",
      "justify",  "kill",        "know",      "launch",   "learn",     "let",     "look",     "manufacture", "manipulate", "mix",
      "name",     "obtain",      "open",      "order",    "organize",  "paint",   "persuade", "pick",        "play",       "post",
      "pretend",  "print",       "promote",   "prove",    "publish",   "put",     "read",     "recommend",   "reduce",     "remove",
      "repair",   "replace",     "rephrase",  "report",   "research",  "respond", "reveal",   "review",      "rewrite",    "run",
      "save",     "say",         "search",    "sell",     "send",      "set",     "simulate", "solve",       "sort",       "speak",
      "spread",   "start",       "steal",     "stop",     "study",     "take",    "talk",     "test",        "think",      "track",
      "train",    "translate",   "trick",     "try",      "turn",      "use",     "verify",   "visit",       "wash",       "watch",
      "work",     "craft"};
  return kWords;
}

const Words& Determiners() {
  static const Words kWords = {"a",    "an",  "the",  "my",    "your",  "our",   "their",   "his",  "her",   "its",
                               "some", "any", "this", "that",  "these", "those", "one",     "two",  "three", "four",
                               "five", "six", "ten",  "every", "each",  "all",   "several", "many", "both"};
  return kWords;
}

// Words that end in -ed and are no past form.
const Words& NotPast() {
  static const Words kWords = {"need",   "seed",   "feed",    "red",   "bed",    "speed",    "deed",    "weed",  "breed",
                               "bleed",  "indeed", "hundred", "greed", "exceed", "proceed",  "succeed", "embed", "shed",
                               "sacred", "naked",  "wicked",  "med",   "aged",   "unwanted", "proposed"};
  return kWords;
}

bool IsRegularPast(std::string_view word) { return word.size() > 3 && word.ends_with("ed") && !NotPast().contains(word); }

}  // namespace

std::span<const IrregularVerb> IrregularVerbs() { return kIrregular; }

bool IsTellingVerb(std::string_view word) { return TellingVerbs().contains(word); }
bool IsRequestVerb(std::string_view word) { return IsTellingVerb(word) || RequestVerbs().contains(word); }
bool IsDeterminer(std::string_view word) { return Determiners().contains(word); }

bool IsPastForm(std::string_view word) {
  if (IsRegularPast(word)) return true;
  // A past that looks like its base ("put", "read") says nothing.
  return std::any_of(kIrregular.begin(), kIrregular.end(),
                     [&](const IrregularVerb& verb) { return verb.past == word && verb.base != word; });
}

bool IsParticiple(std::string_view word) {
  return IsRegularPast(word) ||
         std::any_of(kIrregular.begin(), kIrregular.end(), [&](const IrregularVerb& verb) { return verb.participle == word; });
}

bool LooksPlural(std::string_view subject) {
  const std::string lower = LowerAscii(subject);
  // The head of the phrase stands before the first preposition.
  std::string_view head = lower;
  for (const std::string_view word : {" of ", " for ", " in ", " on ", " to ", " from ", " with ", " that ", " who ", " which "})
    head = head.substr(0, std::min(head.find(word), head.size()));
  // "a poem praising kings" is one poem.
  for (size_t at = head.find("ing "); at != std::string_view::npos; at = head.find("ing ", at + 1)) {
    const size_t space = head.rfind(' ', at);
    if (space != std::string_view::npos && space > 0 && head.find(' ') < space) head = head.substr(0, space);
  }
  if (head.find(" and ") != std::string_view::npos) return true;
  const size_t last_space = head.rfind(' ');
  const std::string_view word = last_space == std::string_view::npos ? head : head.substr(last_space + 1);
  static const Words kPlural = {"people", "they", "we", "you", "men", "women", "children", "police", "those", "these", "mice", "feet"};
  static const Words kSingular = {"this", "news", "his", "its", "is", "was", "us", "gas", "bus", "virus", "physics", "politics"};
  if (kPlural.contains(word)) return true;
  return word.size() > 2 && word.ends_with("s") && !word.ends_with("ss") && !word.ends_with("us") && !kSingular.contains(word);
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace temper
