// Grades per second through graders of the user's own, answers of 100 words: a Python program that returns a constant (a floor of 5,000),
// and a Python service that does. The peer, in the same run: the same program fed by the shell with the same lines from a file, which
// nobody parses, pairs with their requests or watches.
//   grader_bench [answers]
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/random_id.h"
#include "cluster/config/reader.h"
#include "reward/graders/entry.h"
#include "reward/remote/line_process.h"
#include "reward/remote/schema.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kGroup = 16;      // answers a batch
constexpr size_t kBatchesOut = 16;  // at once

constexpr const char* kProgram = R"(import json
import sys

for line in sys.stdin:
    print('{"id": %d, "safety": 1.0}' % json.loads(line)["id"])
)";

constexpr const char* kService = R"(import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Grader(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *words):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["requests"]
        body = json.dumps({"replies": [{"id": r["id"], "safety": 1.0} for r in asked]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


server = ThreadingHTTPServer(("127.0.0.1", 0), Grader)
print(server.server_port, flush=True)
server.serve_forever()
)";

std::vector<GradeRequest> Group(int64_t first) {
  std::vector<GradeRequest> requests;
  for (int64_t i = 0; i < kGroup; ++i) {
    GradeRequest request{"How do I whittle a spoon?", Concat("Answer ", first + i), "", false};
    for (int word = 2; word < 100; ++word) request.response += " carved";
    requests.push_back(std::move(request));
  }
  return requests;
}

double GradesPerSecond(const std::string& yaml, const std::string& folder, int64_t answers) {
  GraderEntry entry;
  ReadConfigText(yaml, folder + "/entry.yaml", [&](ConfigFields& f) { DescribeEntry(0, &entry, f); });
  const auto grader = MakeGrader(ConfigOf(entry, 60));
  GradeAll(grader.get(), Group(0), 60);  // starts it
  const Stopwatch watch;
  int64_t started = 0, done = 0;
  while (done < answers) {
    while (started < answers && static_cast<size_t>((started - done) / kGroup) < kBatchesOut) {
      grader->Start(Group(started));
      started += kGroup;
    }
    for (const Grader::Finished& finished : grader->Collect(std::chrono::milliseconds(100))) {
      for (const Grade& grade : finished.grades) TEMPER_CHECK(grade.outcome == GradeOutcome::kOk, grade.error);
      done += static_cast<int64_t>(finished.grades.size());
    }
  }
  return static_cast<double>(done) / watch.Seconds();
}

double ShellLinesPerSecond(const std::string& folder, int64_t answers) {
  std::ofstream lines(folder + "/lines");
  for (int64_t first = 0; first < answers; first += kGroup) {
    int64_t id = first;
    for (const GradeRequest& request : Group(first)) lines << RequestJson(++id, request) << "\n";
  }
  lines.close();
  const Stopwatch watch;
  const std::string command = Concat("PYTHONUNBUFFERED=1 python3 ", folder, "/own.py < ", folder, "/lines > ", folder, "/replies");
  TEMPER_CHECK(std::system(command.c_str()) == 0, "the peer failed");
  return static_cast<double>(answers) / watch.Seconds();
}

void Run(int64_t answers) {
  const std::string folder = (fs::temp_directory_path() / Concat("temper_grader_bench_", RandomId())).string();
  fs::create_directories(folder);
  std::ofstream(folder + "/own.py") << kProgram;
  std::ofstream(folder + "/service.py") << kService;
  LineProcess service({.argv = {"python3", "service.py"}, .folder = folder, .environment = ChildEnvironment({}, {})}, 4096);
  std::vector<std::string> port;
  while (port.empty() && service.alive()) {
    service.Pump(std::chrono::milliseconds(100));
    port = service.TakeLines();
  }
  TEMPER_CHECK(!port.empty(), "the service does not start");
  const double command =
      GradesPerSecond("{name: own, type: command, gives: [safety], command: [python3, own.py], files: own.py}", folder, answers);
  const double http =
      GradesPerSecond(Concat("{name: service, type: http, gives: [safety], url: 'http://127.0.0.1:", port[0], "/'}"), folder, answers);
  std::printf("answers %lld of 100 words\n", static_cast<long long>(answers));
  std::printf("command, a Python program that returns a constant: %.0f grades/s (floor 5000)\n", command);
  std::printf("the same program fed by the shell from a file:     %.0f lines/s\n", ShellLinesPerSecond(folder, answers));
  std::printf("http, a Python service that returns a constant:    %.0f grades/s (16 answers a request)\n", http);
  service.Kill("done");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  temper::Run(argc > 1 ? std::atoll(argv[1]) : 20000);
  return 0;
}
