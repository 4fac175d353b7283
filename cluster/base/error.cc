#include "cluster/base/error.h"

#include <cstring>

namespace temper {
namespace {

std::string& MutableContext() {
  static std::string context;
  return context;
}

const char* BaseName(const char* file) {
  const char* slash = std::strrchr(file, '/');
  return slash == nullptr ? file : slash + 1;
}

}  // namespace

Error::Error(const char* file, int line, const std::string& message)
    : std::runtime_error(ErrorContext().empty() ? Concat(message, " [", BaseName(file), ":", line, "]")
                                                : Concat(message, " [", ErrorContext(), ", ", BaseName(file), ":", line, "]")) {}

void SetErrorContext(const std::string& context) { MutableContext() = context; }

const std::string& ErrorContext() { return MutableContext(); }

}  // namespace temper
