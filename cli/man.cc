// temper man: the manual page, made from what the commands declare.
#include <iostream>

#include "cli/commands.h"
#include "cli/help/man_page.h"
#include "cluster/base/error.h"
#include "cluster/collectives/versions.h"

namespace temper {

void AddManCommand(const CommandContext& context) {
  AddCommand(context, "man", "prints the manual page, temper(1)", {{"temper man | man -l -", "reads it"}}, [app = context.app] {
    std::cout << ManPage(ReadCommandTree(*app, "temper"), TemperVersion());
    return kExitDone;
  });
}

}  // namespace temper
