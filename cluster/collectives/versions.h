#pragma once

#include <string>

namespace temper {

// What this program and its libraries are, for run.json, --version and doctor.
std::string TemperVersion();
std::string CompilerVersion();
std::string MpiVersion();
std::string ZeroMqVersion();
std::string NcclVersionText();  // "not built in" without NCCL

}  // namespace temper
