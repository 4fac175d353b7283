#include "cluster/metrics/command_sink.h"

#include "cluster/metrics/row_json.h"

namespace temper {

std::string CommandSink::Write(const StepRow& row) {
  nlohmann::ordered_json line = {{"run", run_}, {"arm", arm_}};
  line.update(JsonOf(row));
  return feed_->Put(line.dump() + "\n");
}

}  // namespace temper
