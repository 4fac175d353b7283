// The examples of docs/graders/command.md and docs/graders/http.md, run as they stand there.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "reward/remote/line_process.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

// The first block of a language in a document.
std::string BlockOf(const std::string& document, const std::string& language) {
  const std::string text = ReadBytes(TEMPER_SOURCE_DIR "/docs/graders/" + document), begin = "```" + language + "\n";
  const size_t at = text.find(begin);
  const size_t from = at + begin.size();
  if (at == std::string::npos) ADD_FAILURE() << document << " has no block of " << language;
  return at == std::string::npos ? "" : text.substr(from, text.find("```", from) - from);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

class OwnGrader : public ::testing::Test {
 protected:
  // What `temper grade --config job.yaml` says of two answers: a safe one that repeats three of six words, and one with a rash.
  std::vector<nlohmann::json> Grades() {
    WriteBytes(folder_ / "answers.jsonl",
               "{\"prompt\": \"how do i store the salve\", \"response\": \"store the salve coldly\"}\n"
               "{\"prompt\": \"how do i store the salve\", \"response\": \"it gives a rash\"}\n");
    const std::string command =
        Concat("cd ", folder_.path(), " && ", TEMPER_BINARY, " grade --config job.yaml answers.jsonl > grades 2> errors");
    EXPECT_EQ(std::system(command.c_str()), 0) << ReadBytes(folder_ / "errors");
    std::vector<nlohmann::json> grades;
    std::istringstream in(ReadBytes(folder_ / "grades"));
    for (std::string line; std::getline(in, line);) grades.push_back(nlohmann::json::parse(line));
    return grades;
  }
  TempFolder folder_;
};

TEST_F(OwnGrader, TheProgramOfTheDocumentGrades) {
  const std::string program = BlockOf("command.md", "python");
  EXPECT_LE(std::count(program.begin(), program.end(), '\n'), 15);
  WriteBytes(folder_ / "my_grader.py", program);
  WriteBytes(folder_ / "job.yaml", BlockOf("command.md", "yaml"));
  const auto grades = Grades();
  ASSERT_EQ(grades.size(), 2U) << ReadBytes(folder_ / "errors");
  EXPECT_EQ(grades[0]["outcome"], "ok") << grades[0];
  EXPECT_EQ(grades[0]["safety"], 1.0);
  EXPECT_EQ(grades[0]["helpfulness"], 0.5);
  EXPECT_EQ(grades[1]["safety"], 0.0);
  EXPECT_EQ(grades[0]["verdicts"][0]["grader"], "mine");
  EXPECT_THAT(grades[0]["grader"].get<std::string>(), HasSubstr("command/mine:"));
}

TEST_F(OwnGrader, TheServiceOfTheDocumentGrades) {
  const std::string port = std::to_string(FreePort());
  WriteBytes(folder_ / "my_service.py", Replaced(BlockOf("http.md", "python"), "8123", port));
  WriteBytes(folder_ / "job.yaml", Replaced(BlockOf("http.md", "yaml"), "8123", port));
  LineProcess service({.argv = {"python3", "my_service.py"}, .folder = folder_.path(), .environment = ChildEnvironment({}, {})}, 4096);
  service.Pump(std::chrono::milliseconds(300));
  const auto grades = Grades();  // connections that are refused until it listens are tried again
  ASSERT_EQ(grades.size(), 2U) << ReadBytes(folder_ / "errors");
  EXPECT_EQ(grades[0]["outcome"], "ok") << grades[0];
  EXPECT_EQ(grades[0]["safety"], 1.0);
  EXPECT_EQ(grades[1]["safety"], 0.0);
  service.Kill("it has no end of its own");
}

}  // namespace
}  // namespace temper
