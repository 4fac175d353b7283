#pragma once

#include <string>

#include "record/attack_record.h"

namespace temper {

// The record as a table for a terminal.
std::string AttackText(const AttackRecord& record);

}  // namespace temper
