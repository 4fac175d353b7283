#include "policy/tokenizer/normalizer.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/unicode_regex.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace temper {
namespace {

constexpr char kWhere[] = "normalizer";

class NormalForm : public Normalizer::Step {
 public:
  explicit NormalForm(const std::string& name) : all_(FormNamed(name)) {
    UErrorCode error = U_ZERO_ERROR;
    known_ = std::make_unique<icu::UnicodeSet>(icu::UnicodeString(u"[:age=9.0:]"), error);
    TEMPER_CHECK(U_SUCCESS(error), "ICU has no Unicode ages: ", u_errorName(error));
    form_ = std::make_unique<icu::FilteredNormalizer2>(all_, *known_);
  }

  void Apply(NormalizedText* text) const override {
    if (IsAscii(text->text)) return;
    const icu::StringPiece piece(text->text.data(), static_cast<int32_t>(text->text.size()));
    std::string normal;
    icu::StringByteSink<std::string> sink(&normal);
    UErrorCode error = U_ZERO_ERROR;
    // What is normal to ICU is normal to Unicode 9.
    const bool is_normal = all_.isNormalizedUTF8(piece, error);
    if (U_SUCCESS(error) && is_normal) return;
    form_->normalizeUTF8(0, piece, sink, nullptr, error);
    TEMPER_CHECK(U_SUCCESS(error), "ICU cannot normalize a text of ", text->text.size(), " bytes: ", u_errorName(error));
    text->text = std::move(normal);
  }

 private:
  static const icu::Normalizer2& FormNamed(const std::string& name) {
    UErrorCode error = U_ZERO_ERROR;
    const auto* form = name == "NFC"    ? icu::Normalizer2::getNFCInstance(error)
                       : name == "NFD"  ? icu::Normalizer2::getNFDInstance(error)
                       : name == "NFKC" ? icu::Normalizer2::getNFKCInstance(error)
                                        : icu::Normalizer2::getNFKDInstance(error);
    TEMPER_CHECK(U_SUCCESS(error), "ICU has no ", name, ": ", u_errorName(error));
    return *form;
  }

  const icu::Normalizer2& all_;  // ICU's own, never freed
  std::unique_ptr<icu::UnicodeSet> known_;
  std::unique_ptr<icu::FilteredNormalizer2> form_;
};

struct Prepend : Normalizer::Step {
  std::string prefix;

  void Apply(NormalizedText* text) const override {
    if (!text->text.empty()) text->text.insert(0, prefix);
  }
};

struct Replace : Normalizer::Step {
  UnicodeRegex pattern;
  std::string content;

  explicit Replace(UnicodeRegex p) : pattern(std::move(p)) {}

  void Apply(NormalizedText* text) const override {
    if (content.empty() && pattern.MatchAtStart(text->text) > 0) text->keeps_start = false;
    text->text = pattern.ReplaceAll(text->text, content);
  }
};

struct Strip : Normalizer::Step {
  bool left = false;
  bool right = false;

  void Apply(NormalizedText* text) const override {
    const std::string_view all = text->text;
    size_t begin = 0, end = all.size();
    for (size_t at = 0; left && at < end; begin = at) {
      if (!IsWhiteSpace(NextCodePoint(all, &at))) break;
    }
    while (right && end > begin) {
      const size_t start = LastCodePointStart(all.substr(0, end));
      size_t at = start;
      if (!IsWhiteSpace(NextCodePoint(all, &at))) break;
      end = start;
    }
    if (begin > 0) text->keeps_start = false;
    text->text = text->text.substr(begin, end - begin);
  }
};

// Capital letters younger than ICU 72.
struct NewCapitals {
  char32_t first, last;
  int32_t to_lower;  // what to add
};
constexpr NewCapitals kNewCapitals[] = {
    {0x1C89, 0x1C89, 1}, {0xA7CB, 0xA7CB, -0xA567}, {0xA7CC, 0xA7CC, 1},       {0xA7CE, 0xA7CE, 1},      {0xA7D2, 0xA7D2, 1},
    {0xA7D4, 0xA7D4, 1}, {0xA7DA, 0xA7DA, 1},       {0xA7DC, 0xA7DC, -0xA641}, {0x10D50, 0x10D65, 0x20}, {0x16EA0, 0x16EB8, 0x1B},
};

char32_t ToLower(char32_t c) {
  for (const NewCapitals& range : kNewCapitals) {
    if (c >= range.first && c <= range.last) return c + static_cast<char32_t>(range.to_lower);
  }
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
}

// Every character for itself: no final sigma; U+0130 is the only one that becomes two.
struct Lowercase : Normalizer::Step {
  void Apply(NormalizedText* text) const override {
    std::string lower;
    lower.reserve(text->text.size());
    for (size_t at = 0; at < text->text.size();) {
      const char32_t c = NextCodePoint(text->text, &at);
      AppendUtf8(c == 0x130 ? U'i' : ToLower(c), &lower);
      if (c == 0x130) AppendUtf8(0x307, &lower);
    }
    text->text = std::move(lower);
  }
};

std::unique_ptr<Normalizer::Step> ReadStep(const nlohmann::json& component) {
  const std::string type = ComponentType(component);
  if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") return std::make_unique<NormalForm>(type);
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  if (type == "Prepend") {
    auto step = std::make_unique<Prepend>();
    step->prefix = JsonString(component, "prepend", kWhere);
    return step;
  }
  if (type == "Replace") {
    auto step = std::make_unique<Replace>(JsonPattern(component, kWhere));
    step->content = JsonString(component, "content", kWhere);
    return step;
  }
  if (type == "Strip") {
    auto step = std::make_unique<Strip>();
    step->left = JsonBool(component, "strip_left", kWhere);
    step->right = JsonBool(component, "strip_right", kWhere);
    return step;
  }
  RefuseComponent(kWhere, component);
}

}  // namespace

Normalizer::Normalizer(const nlohmann::json& component) {
  for (const auto* part : OpenSequence(component, "normalizers", kWhere)) steps_.push_back(ReadStep(*part));
}

Normalizer::~Normalizer() = default;

NormalizedText Normalizer::Apply(std::string text) const {
  NormalizedText normalized{std::move(text)};
  for (const auto& step : steps_) step->Apply(&normalized);
  return normalized;
}

}  // namespace temper
