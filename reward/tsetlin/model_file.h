#pragma once

#include <string>
#include <string_view>

#include "reward/tsetlin/model.h"

namespace temper {

// The file of a model, whole. It begins with the magic "TMPRTSTL", u32 version, u32 0, u64 XXH3-64
// of what follows. Then come labels, options, terms, source, vetoes, weights, locks, support and
// the states of all automata, so that training can go on from it. Little-endian, strings and lists
// as cluster/base/bytes.h writes them.
inline constexpr uint32_t kTsetlinFileVersion = 2;
inline constexpr size_t kMaxTsetlinFileBytes = size_t{256} << 20;

std::string TsetlinModelBytes(const TsetlinModel& model);

// The model of such a file. `name` is for messages. Throws ConfigError for bytes that are no such file, that are damaged, of another
// version or beyond a limit: whatever the bytes, nothing else.
TsetlinModel ParseTsetlinModel(std::string_view bytes, const std::string& name);

}  // namespace temper
