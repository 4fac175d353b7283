#include "cluster/host/process_title.h"

#include <bsd/unistd.h>
#include <unistd.h>

namespace temper {
namespace {

bool kept = false;

}  // namespace

void KeepProcessTitle(int argc, char** argv) {
  setproctitle_init(argc, argv, environ);
  kept = true;
}

void SetProcessTitle(const std::vector<std::string>& words) {
  if (!kept) return;
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  setproctitle("-%s", text.c_str());  // the dash: without the program's name before it
}

}  // namespace temper
