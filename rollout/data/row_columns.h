#pragma once

#include <string>

#include "rollout/data/dataset_rows.h"

namespace temper {

// The first thing that is wrong with a row is kept.
void Reject(DatasetRow* row, std::string reason);

// A column as the config maps it.
struct MappedColumn {
  std::string key;   // below data.columns
  std::string name;  // in the file; "" = the file has none
  // What to do where the file is right and the mapping is not.
  std::string Advice() const;
};

// Value of a mapped column; "" when the file has none. A row without the column is rejected.
std::string Column(DatasetRow* row, const MappedColumn& column);
// The same; a row where it is blank is rejected.
std::string TextColumn(DatasetRow* row, const MappedColumn& column);

}  // namespace temper
