#include "orchestrator/launch/output_relay.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace temper {
namespace {

std::string AsItIs(std::string_view bytes) { return std::string(bytes); }

struct Ends {
  int in = -1, out = -1;
  Ends() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    in = ends[1];
    out = ends[0];
  }
  ~Ends() {
    CloseIn();
    CloseOut();
  }
  void CloseIn() { Close(&in); }
  void CloseOut() { Close(&out); }
  void Put(const std::string& bytes) const { EXPECT_EQ(write(in, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size())); }
  std::string Take(size_t most) const {
    std::string bytes(most, ' ');
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(0, read(out, bytes.data(), most))));
    return bytes;
  }

 private:
  static void Close(int* end) {
    if (*end >= 0) close(*end);
    *end = -1;
  }
};

TEST(OutputRelay, HandsOnWhatThereIsThroughItsFilter) {
  const Ends from, to;
  OutputRelay relay(from.out, to.in, [](std::string_view bytes) { return bytes.empty() ? "the end" : std::string(bytes) + "!"; });
  relay.Turn();
  EXPECT_EQ(relay.Awaited().fd, from.out);
  from.Put("one");
  relay.Turn();
  EXPECT_EQ(to.Take(100), "one!");
  relay.End();
  relay.Turn();
  EXPECT_EQ(to.Take(100), "the end");
  EXPECT_EQ(relay.Awaited().fd, -1);
}

TEST(OutputRelay, WaitsForASlowReaderAndLosesNothing) {
  const Ends from, to;
  OutputRelay relay(from.out, to.in, AsItIs);
  std::string sent, got;
  for (int i = 0; i < 100; ++i) {  // 300 kB, more than a pipe holds
    const std::string part(3000, static_cast<char>('a' + i % 26));
    sent += part;
    from.Put(part);
    relay.Turn();
    if (relay.holds_back()) {
      EXPECT_EQ(relay.Awaited().fd, to.in);
      EXPECT_EQ(relay.Awaited().events, POLLOUT);
      got += to.Take(8192);
    }
  }
  ASSERT_LT(got.size(), sent.size());
  for (int turns = 0; got.size() < sent.size() && turns < 1000; ++turns) {
    relay.Turn();
    got += to.Take(8192);
  }
  EXPECT_EQ(got, sent);
  EXPECT_FALSE(relay.reader_left());
}

TEST(OutputRelay, DropsWhatNobodyReadsAndSaysSo) {
  signal(SIGPIPE, SIG_IGN);
  Ends from, to;
  OutputRelay relay(from.out, to.in, AsItIs);
  relay.Turn();
  EXPECT_FALSE(relay.reader_left());
  to.CloseOut();
  relay.Turn();
  EXPECT_TRUE(relay.reader_left()) << "though there was nothing to write";
  for (int i = 0; i < 100; ++i) {  // the writer is never held up
    from.Put(std::string(3000, 'x'));
    relay.Turn();
  }
  EXPECT_TRUE(relay.reader_left());
  EXPECT_FALSE(relay.holds_back());
}

TEST(OutputRelay, TakesAnOutputThatIsClosedForNoReader) {
  Ends from, to;
  OutputRelay relay(from.out, to.in, AsItIs);
  to.CloseIn();
  from.Put("to nowhere");
  relay.Turn();
  EXPECT_FALSE(relay.holds_back());
  EXPECT_FALSE(relay.reader_left()) << "there was none from the beginning, so none has left";
}

}  // namespace
}  // namespace temper
