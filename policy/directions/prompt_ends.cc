#include "policy/directions/prompt_ends.h"

#include <algorithm>
#include <span>

#include "cluster/base/error.h"

namespace temper {
namespace {

// What both texts end with.
std::string CommonTail(const std::string& a, const std::string& b) {
  const auto ends = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  return {ends.first.base(), a.end()};
}

}  // namespace

PromptEnds::PromptEnds(const Tokenizer& tokenizer, const ChatTemplate* chat, int64_t max_prompt_tokens)
    : tokenizer_(tokenizer), chat_(chat), max_prompt_tokens_(max_prompt_tokens) {
  suffix_ = CommonTail(Render("one a"), Render("two b"));
}

std::string PromptEnds::Render(const std::string& prompt) const {
  if (chat_ == nullptr) return prompt + "\n";
  auto messages = nlohmann::ordered_json::array();
  messages.push_back({{"role", "user"}, {"content", prompt}});
  ChatOptions options;
  options.add_generation_prompt = true;
  return chat_->Render(messages, options).text;
}

EndedPrompt PromptEnds::Read(std::string_view prompt) const {
  std::string read(prompt);
  if (std::vector<int32_t> ids = tokenizer_.Encode(prompt); static_cast<int64_t>(ids.size()) > max_prompt_tokens_) {
    ids.resize(static_cast<size_t>(max_prompt_tokens_));
    read = tokenizer_.Decode(ids);
  }
  EndedPrompt ended;
  ended.tokens = tokenizer_.Encode(Render(read), /*add_specials=*/chat_ == nullptr);
  if (ended.tokens.empty()) throw ConfigError("the tokenizer gives no token for a prompt");
  const std::span<const int32_t> all(ended.tokens);
  size_t behind = 0;
  while (behind + 1 < all.size() && suffix_.ends_with(tokenizer_.Decode(all.last(behind + 1), /*skip_specials=*/false))) ++behind;
  ended.post = static_cast<int64_t>(all.size()) - 1;
  ended.inst = ended.post - static_cast<int64_t>(behind);
  return ended;
}

}  // namespace temper
