#pragma once

#include <map>
#include <string>

#include "cluster/config/fields.h"

namespace temper {

// Which column of a row is what. A value names a column; "" = the file has none. With `prompts_by_intent` one row gives several
// prompts: intent -> column of its text (their ids are the row's id + "/" + intent).
struct ColumnMapping {
  std::string id = "id";
  std::string prompt = "prompt";
  std::string category = "category";
  std::string intent = "intent";
  std::string label = "";
  std::string response = "response";  // demonstrations only
  std::string mode = "";              // demonstrations only
  std::string harmful_response = "";  // an answer that must not be given; a row may leave it empty
  std::string split = "";             // with `keep_split`: rows of other splits are left out
  std::string keep_split = "";
  std::map<std::string, std::string> prompts_by_intent = {};
};

void Describe(ColumnMapping& columns, ConfigFields& fields);

}  // namespace temper
