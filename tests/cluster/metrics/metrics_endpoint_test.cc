// What Prometheus gets from a process.
#include "cluster/metrics/metrics_endpoint.h"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A socket that holds a free port of loopback, listening or not.
class HeldPort {
 public:
  explicit HeldPort(bool listening) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socklen_t size = sizeof(address);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    EXPECT_EQ(listening ? listen(fd_, 1) : 0, 0);
  }
  ~HeldPort() { close(fd_); }
  HeldPort(const HeldPort&) = delete;
  HeldPort& operator=(const HeldPort&) = delete;
  int port() const { return port_; }

 private:
  int fd_;
  int port_ = 0;
};

int FreePort() { return HeldPort(false).port(); }

std::string Get(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t n; (n = recv(fd, buffer, sizeof(buffer), 0)) > 0;) answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

// A connection that says half of a request and no more.
class HalfSent {
 public:
  explicit HalfSent(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(send(fd_, "GET /met", 8, MSG_NOSIGNAL), 8);
  }
  ~HalfSent() { close(fd_); }
  HalfSent(const HalfSent&) = delete;
  HalfSent& operator=(const HalfSent&) = delete;

 private:
  int fd_;
};

EndpointOptions OptionsOf(int port) { return {.port = port, .labels = {{"run", "r"}, {"role", "learner"}}}; }

// Thirty of them: eight threads give each half a second.
TEST(MetricsEndpoint, HalfSentRequestsBlockNoScrape) {
  const int port = FreePort();
  MetricsEndpoint endpoint(OptionsOf(port));
  ASSERT_TRUE(endpoint.on()) << endpoint.failure();
  endpoint.Set("actor/loss", 0.25);
  std::vector<std::unique_ptr<HalfSent>> half_sent;
  for (int i = 0; i < 30; ++i) half_sent.push_back(std::make_unique<HalfSent>(port));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(Get(port, "/metrics"), HasSubstr("temper_actor_loss"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "Prometheus gives up then";
}

TEST(MetricsEndpoint, ServesWhatIsSetWithTheProcesssLabels) {
  MetricsEndpoint endpoint(OptionsOf(FreePort()));
  ASSERT_TRUE(endpoint.on()) << endpoint.failure();
  endpoint.Set("actor/loss", 0.25);
  endpoint.Set("perf/orders", 3);
  endpoint.Set("perf/orders", 4);
  endpoint.Set("safety/mode_redirect", 0.5);
  endpoint.Observe("grader/grade_s", 0.02);
  endpoint.Observe("grader/grade_s", 1000);
  const std::string text = Get(endpoint.port(), "/metrics");
  EXPECT_THAT(text, HasSubstr("200 OK"));
  EXPECT_THAT(text, HasSubstr("# TYPE temper_actor_loss gauge\n"));
  EXPECT_THAT(text, HasSubstr("temper_actor_loss{role=\"learner\",run=\"r\"} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE temper_perf_orders_total counter\ntemper_perf_orders_total{role=\"learner\",run=\"r\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("temper_safety_mode{role=\"learner\",run=\"r\",mode=\"redirect\"} 0.5\n"));
  EXPECT_THAT(text, HasSubstr("temper_grader_grade_s_count{role=\"learner\",run=\"r\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("temper_grader_grade_s_sum{role=\"learner\",run=\"r\"} 1000.02\n"));
  EXPECT_THAT(text, HasSubstr("temper_grader_grade_s_bucket{role=\"learner\",run=\"r\",le=\"0.025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("temper_grader_grade_s_bucket{role=\"learner\",run=\"r\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE temper_sys_rss_bytes gauge\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE temper_sys_cpu_s_total counter\n"));
  EXPECT_THAT(Get(endpoint.port(), "/other"), HasSubstr("404"));
}

TEST(MetricsEndpoint, ARowTakesThePlaceOfTheOneBefore) {
  MetricsEndpoint endpoint(OptionsOf(FreePort()));
  ASSERT_TRUE(endpoint.on()) << endpoint.failure();
  endpoint.SetRow("sft", {.stage = "sft", .values = {{"actor/loss", 1}, {"sys/rss_bytes", 12}, {"sys/sink_failures", 2}}});
  endpoint.SetRow("main", {.stage = "rl", .values = {{"reward/mean", 0.5}, {"reward/lambda/safety", 3}}});
  const std::string text = Get(endpoint.port(), "/metrics");
  EXPECT_THAT(text, HasSubstr("temper_reward_mean{role=\"learner\",run=\"r\",arm=\"main\",stage=\"rl\"} 0.5\n"));
  EXPECT_THAT(text, HasSubstr("arm=\"main\",stage=\"rl\",constraint=\"safety\"} 3\n"));
  EXPECT_THAT(text, Not(HasSubstr("temper_actor_loss")));
  EXPECT_THAT(text, HasSubstr("temper_sys_sink_failures_total{role=\"learner\",run=\"r\"} 2\n")) << "the process's, whatever the stage";
  EXPECT_EQ(text.find("\ntemper_sys_rss_bytes{"), text.rfind("\ntemper_sys_rss_bytes{")) << "read when asked, not taken from the row";
}

TEST(MetricsEndpoint, OffItTakesEverythingAndDoesNothing) {
  MetricsEndpoint endpoint({});
  EXPECT_FALSE(endpoint.on());
  EXPECT_EQ(endpoint.failure(), "");
  endpoint.Set("actor/loss", 1);
  endpoint.Observe("grader/grade_s", 1);
  endpoint.SetRow("main", {});
}

TEST(MetricsEndpoint, ATakenPortIsAWarningAndNoMore) {
  const HeldPort taken(true);
  ::testing::internal::CaptureStderr();
  MetricsEndpoint endpoint(OptionsOf(taken.port()));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(Concat("cannot listen on 127.0.0.1:", taken.port())));
  EXPECT_FALSE(endpoint.on());
  EXPECT_THAT(endpoint.failure(), HasSubstr("is it taken by another program?"));
  endpoint.Set("actor/loss", 1);
  MetricsEndpoint beyond(OptionsOf(70000));
  EXPECT_THAT(beyond.failure(), HasSubstr("ports end at 65535"));
}

// Clients that ask and never read, more of them than the server has threads: who sets values does not notice, and leaves in time.
TEST(MetricsEndpoint, ClientsThatNeverReadHoldUpNobody) {
  std::vector<int> clients;
  const auto begin = std::chrono::steady_clock::now();
  {
    MetricsEndpoint endpoint(OptionsOf(FreePort()));
    ASSERT_TRUE(endpoint.on()) << endpoint.failure();
    for (int i = 0; i < 200; ++i) endpoint.Set(Concat("reward/lambda/", std::string(200, 'c'), i), i);  // a long page
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(endpoint.port()));
    std::string requests;
    for (int i = 0; i < 200; ++i) requests += "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
    for (int i = 0; i < 8; ++i) {
      clients.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int little = 4096;
      setsockopt(clients.back(), SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
      ASSERT_EQ(connect(clients.back(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
      (void)send(clients.back(), requests.data(), requests.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // they are stuck by now
    const auto set = std::chrono::steady_clock::now();
    for (int i = 0; i < 10'000; ++i) endpoint.Set("perf/tokens_generated", i);
    EXPECT_LT(std::chrono::steady_clock::now() - set, std::chrono::seconds(5));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)) << "the end of the job waits for none of them";
  for (const int client : clients) close(client);
}

TEST(MetricsEndpoint, RefusesNamesAndKindsThatAreNotDeclared) {
  MetricsEndpoint endpoint(OptionsOf(FreePort()));
  ASSERT_TRUE(endpoint.on()) << endpoint.failure();
  EXPECT_THROW(endpoint.Set("actor/los", 1), Error);
  EXPECT_THROW(endpoint.Set("grader/grade_s", 1), Error);
  EXPECT_THROW(endpoint.Observe("actor/loss", 1), Error);
}

TEST(MetricsEndpoint, IsReadWhileItIsWritten) {
  MetricsEndpoint endpoint(OptionsOf(FreePort()));
  ASSERT_TRUE(endpoint.on()) << endpoint.failure();
  std::jthread reader([&] {
    for (int i = 0; i < 20; ++i) EXPECT_THAT(Get(endpoint.port(), "/metrics"), HasSubstr("200 OK"));
  });
  for (int i = 0; i < 20'000; ++i) {
    endpoint.Set("perf/tokens_generated", i);
    endpoint.Observe("sync/load_s", 0.001 * i);
    if (i % 100 == 0) endpoint.SetRow("main", {.stage = "rl", .values = {{"reward/mean", 0.1 * i}}});
  }
}

}  // namespace
}  // namespace temper
