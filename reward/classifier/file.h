#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reward/classifier/model.h"

namespace temper {

// A classifier as bytes, little-endian: magic "TMPRCLSF", version (u32), the hash of the body (XXH3, u64), the body. The body is the model
// with its record and its members, each again as such bytes. What Parse reads, Write writes again bit for bit.
std::string WriteClassifier(const ClassifierModel& model);

// Throws ConfigError that begins with `name` where the bytes are damaged, of another version, or say what no classifier can be.
std::shared_ptr<const ClassifierModel> ParseClassifier(std::string_view bytes, const std::string& name);

// Of a file that the user names. Throws ConfigError.
std::string ReadClassifierFile(const std::string& path);
std::shared_ptr<const ClassifierModel> LoadClassifier(const std::string& path);

}  // namespace temper
