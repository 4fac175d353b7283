// libFuzzer target of the chat templates: every text is refused with a ConfigError or rendered, within the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/chat/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kChat = nlohmann::ordered_json::parse(R"([
      {"role": "system", "content": "Be brief."},
      {"role": "user", "content": [{"type": "text", "text": "h\u00e9 <b>"}]},
      {"role": "assistant", "content": "a b", "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, 2.5, null, true]}}}]}])");
  temper::ChatOptions options;
  options.add_generation_prompt = true;
  options.tools =
      nlohmann::ordered_json::parse(R"([{"type": "function", "function": {"name": "f", "parameters": {"a": {"type": "string"}}}}])");
  options.limits.bytes = 4 << 20;
  options.limits.steps = 50'000;
  try {
    const temper::ChatTemplate chat_template("fuzz", {reinterpret_cast<const char*>(data), size}, {{"bos_token", "<s>"}});
    const temper::AssistantChat chat = temper::RenderWithAssistant(chat_template, kChat, options);
    if (temper::InvalidUtf8At(chat.text).has_value()) std::abort();
    for (const temper::ChatSpan& span : chat.assistant) {
      if (span.begin > span.end || span.end > chat.text.size()) std::abort();
    }
  } catch (const temper::ConfigError&) {
    return 0;
  }
  return 0;
}
