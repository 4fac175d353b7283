#include "policy/text/code_point_set.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <utility>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

struct Addition {
  char32_t first, last;
  std::string_view category;
};
constexpr Addition kAdditions[] = {
#include "policy/text/unicode_additions.inc"
};

void AppendHex(char32_t code_point, std::string* out) {
  std::ostringstream hex;
  hex << std::hex << std::uppercase << static_cast<uint32_t>(code_point);
  *out += Concat("\\x{", hex.str(), "}");
}

// Members for the additions whose category is, or is not, in `category` (one or two letters).
std::string Additions(std::string_view category, bool inside) {
  CodePointSet set;
  for (const Addition& a : kAdditions) {
    if (a.category.starts_with(category) == inside) set.AddRange(a.first, a.last);
  }
  return set.members;
}

CodePointSet OneCategory(std::string_view category) {
  const std::string plain = Concat("\\p{", category, "}");
  // To PCRE2 the additions are unassigned, which is a category too.
  if (category == "C" || category == "Cn") return {"", {Concat("(?:(?![", Additions(category, false), "])", plain, ")")}};
  return {plain + Additions(category, true), {}};
}

// Lower case without the characters that property names may have between their words.
std::string Folded(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c != ' ' && c != '_' && c != '-') folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

// General categories by their long names, folded.
constexpr std::pair<std::string_view, std::string_view> kLongNames[] = {{"letter", "L"},
                                                                        {"casedletter", "LC"},
                                                                        {"uppercaseletter", "Lu"},
                                                                        {"lowercaseletter", "Ll"},
                                                                        {"titlecaseletter", "Lt"},
                                                                        {"modifierletter", "Lm"},
                                                                        {"otherletter", "Lo"},
                                                                        {"mark", "M"},
                                                                        {"combiningmark", "M"},
                                                                        {"nonspacingmark", "Mn"},
                                                                        {"spacingmark", "Mc"},
                                                                        {"enclosingmark", "Me"},
                                                                        {"number", "N"},
                                                                        {"decimalnumber", "Nd"},
                                                                        {"letternumber", "Nl"},
                                                                        {"othernumber", "No"},
                                                                        {"punctuation", "P"},
                                                                        {"connectorpunctuation", "Pc"},
                                                                        {"dashpunctuation", "Pd"},
                                                                        {"openpunctuation", "Ps"},
                                                                        {"closepunctuation", "Pe"},
                                                                        {"initialpunctuation", "Pi"},
                                                                        {"finalpunctuation", "Pf"},
                                                                        {"otherpunctuation", "Po"},
                                                                        {"symbol", "S"},
                                                                        {"mathsymbol", "Sm"},
                                                                        {"currencysymbol", "Sc"},
                                                                        {"modifiersymbol", "Sk"},
                                                                        {"othersymbol", "So"},
                                                                        {"separator", "Z"},
                                                                        {"spaceseparator", "Zs"},
                                                                        {"lineseparator", "Zl"},
                                                                        {"paragraphseparator", "Zp"},
                                                                        {"other", "C"},
                                                                        {"control", "Cc"},
                                                                        {"format", "Cf"},
                                                                        {"privateuse", "Co"},
                                                                        {"unassigned", "Cn"}};

// The short name of a general category, "" where `folded` is neither a short nor a long one.
std::string_view CategoryNamed(const std::string& folded) {
  for (const auto& [name, category] : kLongNames) {
    if (folded == name || folded == Folded(category)) return category;
  }
  return "";
}

constexpr std::string_view kPosixNames[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit",
                                            "lower", "punct", "space", "upper", "word",  "xdigit"};

bool IsPosixName(std::string_view name) { return std::find(std::begin(kPosixNames), std::end(kPosixNames), name) != std::end(kPosixNames); }

}  // namespace

void CodePointSet::Add(const CodePointSet& other) {
  members += other.members;
  expressions.insert(expressions.end(), other.expressions.begin(), other.expressions.end());
}

void CodePointSet::AddRange(char32_t first, char32_t last) {
  AppendHex(first, &members);
  if (last == first) return;
  members += '-';
  AppendHex(last, &members);
}

std::string ExpressionOf(const CodePointSet& set, bool negated) {
  if (set.expressions.empty()) {
    if (set.members.empty()) return negated ? "(?s:.)" : "(?!)";
    return Concat(negated ? "[^" : "[", set.members, "]");
  }
  std::string any;
  if (!set.members.empty()) any = Concat("[", set.members, "]|");
  for (const std::string& expression : set.expressions) any += expression + "|";
  any.pop_back();
  return negated ? Concat("(?:(?!", any, ")(?s:.))") : Concat("(?:", any, ")");
}

CodePointSet Complement(const CodePointSet& set) { return {"", {ExpressionOf(set, /*negated=*/true)}}; }

CodePointSet CategorySet(std::string_view categories) {
  CodePointSet set;
  std::istringstream words{std::string(categories)};
  for (std::string category; words >> category;) set.Add(OneCategory(category));
  return set;
}

const CodePointSet& WhiteSpaceSet() {
  // Not PCRE2's \s, which takes U+180E for a space.
  static const CodePointSet kSet = {R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})", {}};
  return kSet;
}

const CodePointSet& WordSet() {
  static const CodePointSet kSet = [] {
    CodePointSet word = CategorySet("L M Nd Nl Pc");
    word.members += R"(\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})";  // circled and squared letters
    return word;
  }();
  return kSet;
}

const CodePointSet& LoneWordSet() {
  static const CodePointSet kSet = {WordSet().members + R"(\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})", {}};
  return kSet;
}

const CodePointSet& DigitSet() {
  static const CodePointSet kSet = CategorySet("Nd");
  return kSet;
}

CodePointSet PropertySet(std::string_view name) {
  const bool negated = name.starts_with('^');
  if (negated) name.remove_prefix(1);
  const std::string folded = Folded(name);
  const bool is_name = !folded.empty() && std::all_of(folded.begin(), folded.end(), [](unsigned char c) { return std::isalnum(c); });
  if (!is_name) throw ConfigError(Concat("\\p{", Quoted(name), "} is not a property of characters"));
  CodePointSet set;
  const std::string_view category = CategoryNamed(folded);
  if (!category.empty()) {
    set = category == "LC" ? CategorySet("Lu Ll Lt") : CategorySet(category);
  } else if (folded == "han") {
    // By script, not by script extensions as PCRE2's plain \p{Han}; with extensions H and I.
    set.members = R"(\p{sc:Han}\x{2B739}\x{31350}-\x{323AF}\x{2EBF0}-\x{2EE5D})";
  } else if (IsPosixName(folded)) {
    set = PosixBracketSet(folded);
  } else if (folded == "alphabetic") {
    set.members = R"(\p{Alphabetic})" + CategorySet("L Nl").members;
  } else if (folded == "uppercase") {
    set.members = R"(\p{Uppercase})" + Additions("Lu", true);
  } else if (folded == "lowercase") {
    set.members = R"(\p{Lowercase})" + Additions("Ll", true);
  } else if (folded == "any" || folded == "cased" || folded == "caseignorable" || folded.starts_with("emoji") ||
             folded == "extendedpictographic") {
    set.members = Concat("\\p{", folded, "}");
  } else {
    set.members = Concat("\\p{sc:", folded, "}");  // what is not the name of a script fails to compile
  }
  return negated ? Complement(set) : set;
}

CodePointSet PosixBracketSet(std::string_view name) {
  if (name.starts_with('^')) return Complement(PosixBracketSet(name.substr(1)));
  if (name == "alpha") return PropertySet("Alphabetic");
  if (name == "space") return WhiteSpaceSet();
  if (name == "digit") return DigitSet();
  if (name == "word") return WordSet();
  if (name == "punct") return CategorySet("P S");
  if (name == "cntrl") return CategorySet("Cc");
  if (name == "upper") return PropertySet("Uppercase");
  if (name == "lower") return PropertySet("Lowercase");
  if (name == "xdigit") return {"0-9A-Fa-f", {}};
  if (name == "ascii") return {R"(\x{0}-\x{7F})", {}};
  if (name == "blank") return {"\\t" + CategorySet("Zs").members, {}};
  if (name == "alnum") {
    CodePointSet set = PropertySet("Alphabetic");
    set.Add(DigitSet());
    return set;
  }
  throw ConfigError(Concat("[:", Quoted(name), ":] is not a class of characters that is supported"));
}

}  // namespace temper
