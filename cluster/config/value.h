#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/config/fields.h"
#include "cluster/config/node.h"

namespace temper {

// Readers of single values. Each returns "" after setting the target, or what is wrong and what to do, leaving the target alone.
// Strict: nothing is guessed. Booleans are true and false, numbers are plain (not quoted) decimals, text is any scalar.
std::string ReadConfigBool(const ConfigNode& node, bool* target);
std::string ReadConfigInt(const ConfigNode& node, IntRange range, int64_t* target);
std::string ReadConfigReal(const ConfigNode& node, RealRange range, double* target);  // finite
std::string ReadConfigString(const ConfigNode& node, std::string* target);
std::string ReadConfigPath(const ConfigNode& node, std::string* target);  // absolute afterwards
std::string ReadConfigWord(const ConfigNode& node, const std::vector<std::string>& allowed, std::string* target);

// The path made absolute and plain (no "." or ".."), taken from `folder`, which is taken from the working directory. "" stays "".
std::string AbsolutePath(const std::string& path, const std::string& folder);

// What is wrong with a value where it is not allowed, "" where it is; reals must be finite.
std::string RangeProblem(int64_t value, IntRange range);
std::string RangeProblem(double value, RealRange range);
std::string WordProblem(const std::string& word, const std::vector<std::string>& allowed);

// "1 to 8", "at least 1", "at most 8" or "" for no bound.
std::string RangeText(IntRange range);
std::string RangeText(RealRange range);

// Values as YAML on one line that reads back to the same value. Text is quoted where it would not read back as text, and ${ in it is
// written $${, so that it is no reference.
std::string YamlOf(bool value);
std::string YamlOf(int64_t value);
std::string YamlOf(double value);  // shortest that reads back the same; null where not finite
std::string YamlOf(const std::string& value);
std::string YamlOf(const std::vector<std::string>& value);
std::string YamlOf(const std::vector<int64_t>& value);
std::string YamlOf(const std::map<std::string, double>& value);
std::string YamlOf(const std::map<std::string, std::string>& value);

// A scalar or key as YAML, quoted where needed; ${ stays as it is.
std::string QuoteYaml(const std::string& text);

// A node as YAML on one line, its references not replaced: what an override `key=...` needs to set the same.
std::string RawYamlOf(const ConfigNode& node);

}  // namespace temper
