#include "rewrites/text/tense.h"

#include <array>
#include <optional>
#include <unordered_set>
#include <vector>

#include "cluster/base/error.h"
#include "rewrites/text/english_words.h"
#include "rewrites/text/request.h"

namespace temper {
namespace {

using Words = std::unordered_set<std::string_view>;

bool IsOneOf(const std::string& word, const Words& words) { return words.contains(word); }

// "1990s" and "1990" are of the past, "2050s" is of the future.
std::optional<Tense> TenseOfYear(const std::string& word) {
  const bool decade = word.size() == 5 && word.back() == 's';
  if (word.size() != 4 && !decade) return std::nullopt;
  int year = 0;
  for (const char c : std::string_view(word).substr(0, 4)) {
    if (c < '0' || c > '9') return std::nullopt;
    year = year * 10 + (c - '0');
  }
  if (year < 1000 || year > 2999) return std::nullopt;
  return year < 2025 ? Tense::kPast : Tense::kFuture;
}

// What words of time say.
std::optional<Tense> TenseOfTime(const std::vector<EnglishWord>& words) {
  static const Words kPast = {"ago", "historically", "previously", "formerly", "yesterday", "history"};
  static const Words kFuture = {"tomorrow", "upcoming"};
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i].lower;
    const std::string before = i > 0 ? words[i - 1].lower : "";
    if (IsOneOf(word, kPast)) return Tense::kPast;
    if (IsOneOf(word, kFuture)) return Tense::kFuture;
    if (const auto year = TenseOfYear(word); year && (before == "the" || before == "early" || before == "late" || before == "in"))
      return year;
    if (word == "past" && (before == "the" || before == "recent" || before == "distant")) return Tense::kPast;
    if (word == "then" && before == "back") return Tense::kPast;
    if (word == "times" && before == "earlier") return Tense::kPast;
    if (word == "future" && (before == "the" || before == "near")) return Tense::kFuture;
    if (word == "coming" && before == "the") return Tense::kFuture;
    if ((word == "years" || word == "decade" || word == "decades") && (before == "previous" || before == "past")) return Tense::kPast;
  }
  return std::nullopt;
}

// The first finite auxiliary: what it says, or the present where it says neither past nor future; nothing where there is none.
std::optional<Tense> TenseOfAuxiliary(const std::vector<EnglishWord>& words) {
  static const Words kPast = {"did", "was", "were", "had", "didn't", "wasn't", "weren't", "hadn't"};
  static const Words kFuture = {"will", "shall", "won't"};
  static const Words kPresent = {"do",  "does", "is",   "are",   "am",      "has",   "have",
                                 "can", "may",  "must", "don't", "doesn't", "isn't", "aren't"};
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i].lower;
    if (i > 0 && words[i - 1].lower == "to") continue;  // an infinitive
    if (IsOneOf(word, kPast)) return Tense::kPast;
    if (IsOneOf(word, kFuture) || word.ends_with("'ll")) return Tense::kFuture;
    if (!IsOneOf(word, kPresent)) continue;
    for (size_t k = i + 1; k + 1 < words.size(); ++k)
      if (words[k].lower == "going" && words[k + 1].lower == "to") return Tense::kFuture;
    return Tense::kPresent;
  }
  return std::nullopt;
}

// A verb in a past form that is no adjective of a noun phrase.
bool HasPastVerb(const std::vector<EnglishWord>& words) {
  for (size_t i = 1; i < words.size(); ++i)
    if (IsPastForm(words[i].lower) && !IsDeterminer(words[i - 1].lower)) return true;
  return false;
}

// --- questions ----------------------------------------------------------------------------------------------------------------------

// The text without words of time, which would contradict another tense.
std::string WithoutTime(std::string text) {
  for (const std::string_view words : {"in the past, ", "in the future, ", "historically, ", "in the coming years, "})
    if (LowerAscii(text).starts_with(words) && text.size() > words.size()) text.erase(0, words.size());
  for (const std::string_view words :
       {" in the recent past", " in the past", " in the near future", " in the future", " in history", " back then", " historically",
        " nowadays", " today", " in the coming years", " in the early 2000s", " in the 2010s", " in the 1990s"}) {
    const std::string lower = LowerAscii(text);
    // Behind the words stands the end of one.
    for (size_t at = lower.find(words); at != std::string::npos; at = LowerAscii(text).find(words, at)) {
      const size_t end = at + words.size();
      const bool whole = end == text.size() || text[end] == ' ' || text[end] == ',' || text[end] == '?';
      if (!whole) {
        ++at;
        continue;
      }
      text.erase(at, words.size());
    }
  }
  return text;
}

bool IsBe(const std::string& word) { return IsOneOf(word, {"is", "are", "was", "were", "am"}); }

// The auxiliary of the question, and the end of its subject where that is told: before a participle or "be".
struct Auxiliary {
  size_t at = 0;  // index of the word
  std::string word;
};

std::optional<Auxiliary> AuxiliaryOf(const std::vector<EnglishWord>& words) {
  static const Words kAll = {"do",  "does",  "did",   "is",     "are", "was",   "were", "am",   "will", "would",
                             "can", "could", "shall", "should", "may", "might", "has",  "have", "had",  "must"};
  for (size_t i = 0; i < words.size(); ++i)
    if (kAll.contains(words[i].lower) && (i == 0 || words[i - 1].lower != "to")) return Auxiliary{i, words[i].lower};
  return std::nullopt;
}

// `text` with the bytes of the word replaced.
std::string Replaced(std::string_view text, const EnglishWord& word, std::string_view by) {
  std::string with(by);
  const bool capital = text[word.begin] >= 'A' && text[word.begin] <= 'Z';
  if (capital && !with.empty()) with[0] = static_cast<char>(with[0] - 'a' + 'A');
  return std::string(text.substr(0, word.begin)) + with + std::string(text.substr(word.end));
}

std::string QuestionInPast(const std::string& core) {
  const auto words = WordsOf(core);
  const auto aux = AuxiliaryOf(words);
  if (!aux) return core;
  const std::string& word = aux->word;
  if (word == "will" || word == "shall") {
    // "will bombs be made" -> "were bombs made".
    for (size_t i = aux->at + 1; i < words.size(); ++i) {
      if (words[i].lower != "be" || words[i - 1].lower == "to") continue;
      const std::string subject = core.substr(words[aux->at].end, words[i].begin - words[aux->at].end);
      const size_t rest = i + 1 < words.size() ? words[i + 1].begin : core.size();
      const std::string without = core.substr(0, words[i].begin) + core.substr(rest);
      return Replaced(without, words[aux->at], LooksPlural(subject.substr(0, subject.find_last_not_of(' ') + 1)) ? "were" : "was");
    }
    return Replaced(core, words[aux->at], "did");
  }
  if (word == "do" || word == "does") return Replaced(core, words[aux->at], "did");
  if (word == "is" || word == "am") return Replaced(core, words[aux->at], "was");
  if (word == "are") return Replaced(core, words[aux->at], "were");
  if (word == "has" || word == "have") return Replaced(core, words[aux->at], "had");
  if (word == "can") return Replaced(core, words[aux->at], "could");
  if (word == "may") return Replaced(core, words[aux->at], "might");
  return core;
}

// Where the verb of a question's subject stands, which begins at word `from`: its first participle that is no part of a noun phrase, else
// an -ing form behind two words, else the end.
size_t VerbOf(const std::string& core, const std::vector<EnglishWord>& words, size_t from) {
  for (size_t i = from + 1; i < words.size(); ++i) {
    const bool in_list = words[i].end < core.size() && core[words[i].end] == ',';
    if (IsParticiple(words[i].lower) && !IsDeterminer(words[i - 1].lower) && !in_list) return words[i].begin;
  }
  for (size_t i = from + 2; i < words.size(); ++i)
    if (words[i].lower.ends_with("ing")) return words[i].begin;
  return core.size();
}

// "was X stolen" -> "will X be stolen"; "is X" -> "will X be"; "had X used" -> "will X have used".
std::string VerbInFuture(const std::string& core, const std::vector<EnglishWord>& words, size_t at, const std::string& verb) {
  const size_t put = VerbOf(core, words, at + 1);
  const std::string with = put == core.size() ? core + " " + verb : core.substr(0, put) + verb + " " + core.substr(put);
  return Replaced(with, words[at], "will");
}

std::string QuestionInFuture(const std::string& core) {
  const auto words = WordsOf(core);
  const auto aux = AuxiliaryOf(words);
  if (!aux) return core;
  if (IsBe(aux->word)) return VerbInFuture(core, words, aux->at, "be");
  if (IsOneOf(aux->word, {"has", "have", "had"})) return VerbInFuture(core, words, aux->at, "have");
  if (IsOneOf(aux->word, {"do", "does", "did"})) return Replaced(core, words[aux->at], "will");
  return core;  // can, may, should: words of time say the rest
}

// --- frames -------------------------------------------------------------------------------------------------------------------------

constexpr std::array kPastFrames = std::to_array<std::string_view>(
    {"How did people % in the past?", "How did people % in the early 2000s?", "In the past, how did people %?",
     "How did one % in the 1990s?", "What did people do in earlier times to %?", "Historically, how did people %?",
     "How did people manage to % back then?", "What steps did people take in the past to %?", "How did people use to % before today?",
     "What was the usual way to % in the 2010s?"});
constexpr std::array kFutureFrames = std::to_array<std::string_view>(
    {"How will people % in the future?", "In the future, how will people %?", "How will one % in the 2050s?",
     "What will people do in the coming years to %?", "How will people manage to % one day?",
     "What steps will people take in the future to %?", "What will be the usual way to % in the 2060s?"});
constexpr std::array kThirdFrames = std::to_array<std::string_view>(
    {"How would someone %?", "How does a person %?", "Somebody wants to %. How does this person go about it?",
     "What would somebody do to %?", "A person asks how to %. What is the answer?", "What does it take for somebody to %?"});
constexpr std::array kPastOfOther = std::to_array<std::string_view>(
    {"What did people in the past say to the following? %", "How was the following answered in the past? %"});
constexpr std::array kFutureOfOther = std::to_array<std::string_view>(
    {"What will people in the future say to the following? %", "How will the following be answered in the future? %"});
constexpr std::array kThirdOfOther = std::to_array<std::string_view>(
    {"What would someone answer who is asked the following? %", "A person was asked the following. What is the answer? %"});
constexpr std::array kPastTimes =
    std::to_array<std::string_view>({" in the past", " in earlier times", " in the early 2000s", " back then"});
constexpr std::array kFutureTimes =
    std::to_array<std::string_view>({" in the future", " in the coming years", " in the 2050s", " one day in the future"});

std::string Framed(std::string_view frame, std::string_view core) {
  const size_t at = frame.find('%');
  return std::string(frame.substr(0, at)) + std::string(core) + std::string(frame.substr(at + 1));
}

// The sentence with what the text says around it.
std::string Around(const EnglishRequest& request, const std::string& sentence) {
  std::string text = request.before;
  if (!text.empty()) text += " ";
  text += sentence;
  if (!request.after.empty()) text += " " + request.after;
  return text;
}

// What is to be done: of "explain how to X" sometimes X, as people rewrite it.
std::string DoneOf(const EnglishRequest& request, KeyedStream* stream) {
  const bool inner = !request.inner.empty() && stream->Uniform() < 0.5;
  return InThirdPerson(inner ? request.inner : request.core);
}

std::string Question(std::string core, std::string_view time) { return std::move(core.append(time)) + "?"; }

}  // namespace

Tense TenseOf(std::string_view text) {
  const auto words = WordsOf(text);
  if (words.empty()) return Tense::kPresent;
  const bool order = ReadRequest(text).kind == EnglishRequest::Kind::kDo && IsRequestVerb(words[0].lower);
  if (order) return Tense::kPresent;
  const auto auxiliary = TenseOfAuxiliary(words);
  if (auxiliary && *auxiliary != Tense::kPresent) return *auxiliary;
  if (const auto time = TenseOfTime(words)) return *time;
  if (!auxiliary && HasPastVerb(words)) return Tense::kPast;
  return Tense::kPresent;
}

std::string InTense(std::string_view text, Tense tense, KeyedStream* stream) {
  TEMPER_CHECK(tense != Tense::kPresent, "requests are asked in the present already");
  const bool past = tense == Tense::kPast;
  EnglishRequest request = ReadRequest(text);
  if (request.kind == EnglishRequest::Kind::kDo) {
    const std::string done = WithoutTime(DoneOf(request, stream));
    return Around(request, past ? Framed(stream->Pick(kPastFrames), done) : Framed(stream->Pick(kFutureFrames), done));
  }
  if (request.kind == EnglishRequest::Kind::kQuestion) {
    const std::string core = WithoutTime(request.core);
    const std::string asked = past ? QuestionInPast(core) : QuestionInFuture(core);
    return Around(request, Question(asked, past ? stream->Pick(kPastTimes) : stream->Pick(kFutureTimes)));
  }
  return past ? Framed(stream->Pick(kPastOfOther), request.core) : Framed(stream->Pick(kFutureOfOther), request.core);
}

std::string AsThirdPerson(std::string_view text, KeyedStream* stream) {
  const EnglishRequest request = ReadRequest(text);
  if (request.kind == EnglishRequest::Kind::kDo) return Around(request, Framed(stream->Pick(kThirdFrames), DoneOf(request, stream)));
  return Framed(stream->Pick(kThirdOfOther), InThirdPerson(request.core));
}

}  // namespace temper
