#include "policy/tokenizer/token_decoder.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/text/unicode_regex.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace temper {
namespace {

constexpr char kWhere[] = "decoder";
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

using Next = std::unique_ptr<DecodeStage>;

// The end of every run.
class Output : public DecodeStage {
 public:
  explicit Output(std::string* text) : text_(text) {}
  void Put(std::string_view token) override { *text_ += token; }
  void Finish() override {}

 private:
  std::string* text_;
};

class StageBefore : public DecodeStage {
 public:
  explicit StageBefore(Next next) : next_(std::move(next)) {}
  void Finish() override { next_->Finish(); }

 protected:
  DecodeStage& next() { return *next_; }

 private:
  Next next_;
};

// Keeps the parts of a fused token together for a stage that must see it whole.
class HoldAll : public StageBefore {
 public:
  using StageBefore::StageBefore;
  void Put(std::string_view token) override { held_ += token; }
  void Finish() override {
    next().Put(held_);
    StageBefore::Finish();
  }

 private:
  std::string held_;
};

// ---- no decoder ----

struct JoinStep : TokenDecoder::Step {
  class Stage : public StageBefore {
   public:
    using StageBefore::StageBefore;
    void Put(std::string_view token) override {
      if (!first_) next().Put(" ");
      first_ = false;
      next().Put(token);
    }

   private:
    bool first_ = true;
  };
  Next Start(Next next) const override { return std::make_unique<Stage>(std::move(next)); }
};

// ---- ByteLevel: tokens spell bytes, which are decoded together; U+FFFD where they are not UTF-8 ----

struct ByteLevelStep : TokenDecoder::Step {
  class Stage : public StageBefore {
   public:
    using StageBefore::StageBefore;
    void Put(std::string_view token) override {
      AppendSpelledBytes(token, &bytes_);
      Give(bytes_.size() - IncompleteUtf8Tail(bytes_));
    }
    void Finish() override {
      Give(bytes_.size());
      StageBefore::Finish();
    }

   private:
    void Give(size_t size) {
      if (size > 0) next().Put(RepairUtf8(std::string_view(bytes_).substr(0, size)));
      bytes_.erase(0, size);
    }

    std::string bytes_;
  };
  Next Start(Next next) const override {
    Next stage = std::make_unique<Stage>(std::move(next));
    return fused ? std::make_unique<HoldAll>(std::move(stage)) : std::move(stage);
  }
};

// ---- ByteFallback: a run of tokens <0x00> to <0xFF> is text where all of it is UTF-8, otherwise a U+FFFD for each ----

// The byte that a token such as <0x0A> stands for, -1 where it is another token. As in the library a sign counts as a digit of +A.
int FallbackByte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  const int high = token[3] == '+' ? 0 : digit(token[3]);
  const int low = digit(token[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

struct ByteFallbackStep : TokenDecoder::Step {
  class Stage : public StageBefore {
   public:
    using StageBefore::StageBefore;
    void Put(std::string_view token) override {
      const int byte = FallbackByte(token);
      if (byte >= 0) {
        bytes_ += static_cast<char>(byte);
        return;
      }
      GiveBytes();
      next().Put(token);
    }
    void Finish() override {
      GiveBytes();
      StageBefore::Finish();
    }

   private:
    void GiveBytes() {
      if (bytes_.empty()) return;
      if (!InvalidUtf8At(bytes_)) {
        next().Put(bytes_);
      } else {
        for (size_t i = 0; i < bytes_.size(); ++i) next().Put(kReplacementCharacter);
      }
      bytes_.clear();
    }

    std::string bytes_;
  };
  Next Start(Next next) const override {
    Next stage = std::make_unique<Stage>(std::move(next));
    return fused ? std::make_unique<HoldAll>(std::move(stage)) : std::move(stage);
  }
};

// ---- Replace ----

struct ReplaceStep : TokenDecoder::Step {
  UnicodeRegex pattern;
  std::string literal;  // the pattern, where it is a text
  std::string content;

  explicit ReplaceStep(UnicodeRegex p) : pattern(std::move(p)) {}

  class Stage : public StageBefore {
   public:
    Stage(Next next, const ReplaceStep& step) : StageBefore(std::move(next)), step_(step) {}
    void Put(std::string_view token) override { next().Put(step_.pattern.ReplaceAll(token, step_.content)); }

   private:
    const ReplaceStep& step_;
  };

  // A literal pattern within one fused token: only what may be the start of a match waits.
  class FusedStage : public StageBefore {
   public:
    FusedStage(Next next, const ReplaceStep& step) : StageBefore(std::move(next)), step_(step) {}
    void Put(std::string_view token) override {
      held_ += token;
      size_t done = 0;  // behind the last match
      for (size_t at = held_.find(step_.literal); at != std::string::npos; at = held_.find(step_.literal, done)) {
        done = at + step_.literal.size();
      }
      size_t keep = std::min(step_.literal.size() - 1, held_.size() - done);
      while (!step_.literal.starts_with(std::string_view(held_).substr(held_.size() - keep))) --keep;
      const std::string text = step_.pattern.ReplaceAll(std::string_view(held_).substr(0, held_.size() - keep), step_.content);
      held_.erase(0, held_.size() - keep);
      if (!text.empty()) next().Put(text);
    }
    void Finish() override {
      if (!held_.empty()) next().Put(held_);
      StageBefore::Finish();
    }

   private:
    const ReplaceStep& step_;
    std::string held_;
  };

  Next Start(Next next) const override {
    if (!fused) return std::make_unique<Stage>(std::move(next), *this);
    if (!literal.empty()) return std::make_unique<FusedStage>(std::move(next), *this);
    return std::make_unique<HoldAll>(std::make_unique<Stage>(std::move(next), *this));
  }
};

// ---- Strip: at most `start` times and `stop` times the character at either end of each token ----

struct StripStep : TokenDecoder::Step {
  std::string content;  // one character
  size_t start = 0;
  size_t stop = 0;

  class Stage : public StageBefore {
   public:
    Stage(Next next, const StripStep& step) : StageBefore(std::move(next)), step_(step) {}
    void Put(std::string_view token) override {
      for (size_t i = 0; i < step_.start && token.starts_with(step_.content); ++i) token.remove_prefix(step_.content.size());
      for (size_t i = 0; i < step_.stop && token.ends_with(step_.content); ++i) token.remove_suffix(step_.content.size());
      next().Put(token);
    }

   private:
    const StripStep& step_;
  };

  // Within one fused token: the last `stop` characters wait while they may be the end.
  class FusedStage : public StageBefore {
   public:
    FusedStage(Next next, const StripStep& step) : StageBefore(std::move(next)), step_(step) {}
    void Put(std::string_view token) override {
      for (; num_stripped_ < step_.start && token.starts_with(step_.content); ++num_stripped_) token.remove_prefix(step_.content.size());
      if (token.empty()) return;
      num_stripped_ = step_.start;
      std::string_view rest = token;
      size_t trailing = 0;
      for (; rest.ends_with(step_.content); ++trailing) rest.remove_suffix(step_.content.size());
      if (!rest.empty()) {
        Give(num_held_);
        next().Put(rest);
        num_held_ = 0;
      }
      num_held_ += trailing;
      if (num_held_ <= step_.stop) return;
      Give(num_held_ - step_.stop);
      num_held_ = step_.stop;
    }

   private:
    void Give(size_t count) {
      for (size_t i = 0; i < count; ++i) next().Put(step_.content);
    }

    const StripStep& step_;
    size_t num_stripped_ = 0;
    size_t num_held_ = 0;
  };

  Next Start(Next next) const override {
    if (fused) return std::make_unique<FusedStage>(std::move(next), *this);
    return std::make_unique<Stage>(std::move(next), *this);
  }
};

// ---- Metaspace: the replacement is a space; in the first token it vanishes, unless none was put there ----

struct MetaspaceStep : TokenDecoder::Step {
  std::string replacement;
  bool drop_first = true;

  class Stage : public StageBefore {
   public:
    Stage(Next next, const MetaspaceStep& step) : StageBefore(std::move(next)), step_(step) {}
    void Put(std::string_view token) override {
      std::string text;
      for (size_t at = 0; at < token.size();) {
        if (token.substr(at).starts_with(step_.replacement)) {
          if (!first_ || !step_.drop_first) text += ' ';
          at += step_.replacement.size();
        } else {
          text += token[at++];
        }
      }
      first_ = first_ && step_.fused;
      next().Put(text);
    }

   private:
    const MetaspaceStep& step_;
    bool first_ = true;
  };

  Next Start(Next next) const override { return std::make_unique<Stage>(std::move(next), *this); }
};

// ---- reading ----

size_t ReadCount(const nlohmann::json& component, const char* key) {
  const auto& value = JsonField(component, key, kWhere);
  if (!value.is_number_integer() || value < 0) throw ConfigError(Concat("tokenizer.json: ", kWhere, ".", key, " must be a count"));
  return value.get<size_t>();
}

std::unique_ptr<TokenDecoder::Step> ReadStrip(const nlohmann::json& component) {
  auto step = std::make_unique<StripStep>();
  AppendUtf8(JsonCharacter(component, "content", kWhere), &step->content);
  step->start = ReadCount(component, "start");
  step->stop = ReadCount(component, "stop");
  return step;
}

std::unique_ptr<TokenDecoder::Step> ReadReplace(const nlohmann::json& component) {
  auto step = std::make_unique<ReplaceStep>(JsonPattern(component, kWhere));
  step->literal = JsonLiteralPattern(component);
  step->content = JsonString(component, "content", kWhere);
  return step;
}

std::unique_ptr<TokenDecoder::Step> ReadMetaspace(const nlohmann::json& component) {
  auto step = std::make_unique<MetaspaceStep>();
  AppendUtf8(JsonCharacter(component, "replacement", kWhere), &step->replacement);
  const bool add = JsonBoolOr(component, "add_prefix_space", true, kWhere);
  step->drop_first = add && (IsNullOrAbsent(component, "prepend_scheme") || JsonString(component, "prepend_scheme", kWhere) != "never");
  return step;
}

std::unique_ptr<TokenDecoder::Step> ReadStep(const nlohmann::json& component) {
  const std::string type = ComponentType(component);
  if (type == "ByteLevel") return std::make_unique<ByteLevelStep>();
  if (type == "ByteFallback") return std::make_unique<ByteFallbackStep>();
  if (type == "Replace") return ReadReplace(component);
  if (type == "Strip") return ReadStrip(component);
  if (type == "Metaspace") return ReadMetaspace(component);
  RefuseComponent(kWhere, component);
}

}  // namespace

TokenDecoder::TokenDecoder(const nlohmann::json& component) {
  if (component.is_null()) steps_.push_back(std::make_unique<JoinStep>());
  bool fused = false;
  for (const auto* part : OpenSequence(component, "decoders", kWhere)) {
    const std::string type = ComponentType(*part);
    if (type != "Fuse") {
      steps_.push_back(ReadStep(*part));
      steps_.back()->fused = fused;
    }
    fused = fused || type == "Fuse" || type == "ByteLevel";
  }
}

TokenDecoder::~TokenDecoder() = default;

std::unique_ptr<DecodeStage> TokenDecoder::Start(std::string* text) const {
  Next stage = std::make_unique<Output>(text);
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) stage = (*step)->Start(std::move(stage));
  return stage;
}

}  // namespace temper
