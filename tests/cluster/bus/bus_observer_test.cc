// A guest that looks at a running job over its bus sees what it says, and is no part of it.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/bus/observer.h"
#include "tests/cluster/bus/bus_fixture.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

// A job's end of the bus, answering in a thread of its own, as long as it is not busy.
class AnsweringJob {
 public:
  explicit AnsweringJob(const BusKeys& keys = {}) : server_(kAnyPort, WithKeys(keys)), keys_(keys), thread_([this] { Serve(); }) {}
  ~AnsweringJob() {
    stop_ = true;
    thread_.join();
  }
  BusContact contact() const { return {endpoint_, kRunId, keys_.empty() ? BusKeys{} : keys_.ForClients()}; }
  // Returns when the thread has seen it.
  void SetBusy(bool busy) {
    busy_ = busy;
    while (resting_ != busy) std::this_thread::sleep_for(milliseconds(1));
  }
  int64_t asked() const { return asked_; }
  int64_t other_events() const { return other_events_; }

 private:
  static BusOptions WithKeys(const BusKeys& keys) {
    BusOptions options = ServerOptions();
    options.keys = keys;
    return options;
  }
  void Serve() {
    server_.SetStatusAnswer([this](const std::string&) { return Concat("answer ", ++asked_); });
    while (!stop_) {
      resting_ = busy_.load();
      if (resting_) {
        std::this_thread::sleep_for(milliseconds(5));
        continue;
      }
      other_events_ += static_cast<int64_t>(server_.Poll(milliseconds(5)).size());
      if (!server_.table().Peers().empty() || server_.frames_refused() > 0) ++other_events_;
    }
  }

  ZmqServer server_;
  BusKeys keys_;
  std::string endpoint_ = server_.endpoint();
  std::atomic<bool> stop_{false}, busy_{false}, resting_{false};
  std::atomic<int64_t> asked_{0}, other_events_{0};
  std::thread thread_;
};

TEST(BusObserver, IsAnsweredAndNeverCounted) {
  AnsweringJob job;
  BusObserver observer(job.contact());
  std::string problem;
  EXPECT_EQ(observer.Ask(seconds(10), &problem), "answer 1") << problem;
  EXPECT_EQ(observer.Ask(seconds(10), &problem), "answer 2") << problem;
  BusContact any = job.contact();
  any.run_id = 0;
  EXPECT_TRUE(BusObserver(any).Ask(seconds(10), &problem)) << "it need not know the run: " << problem;
  EXPECT_EQ(job.other_events(), 0) << "a peer, or a frame that was refused";
}

TEST(BusObserver, WithTheJobsKeysItIsLetIn) {
  const BusKeys keys = MakeBusKeys();
  AnsweringJob job(keys);
  std::string problem;
  EXPECT_TRUE(BusObserver(job.contact()).Ask(seconds(10), &problem)) << problem;
  EXPECT_EQ(job.other_events(), 0);
}

TEST(BusObserver, AnotherKeyIsTurnedAwayInWords) {
  const BusKeys keys = MakeBusKeys();
  AnsweringJob job(keys);
  BusContact contact = job.contact();
  const BusKeys strange = MakeBusKeys();
  contact.keys.client_public = strange.client_public;
  contact.keys.client_secret = strange.client_secret;
  BusObserver observer(contact);
  std::string problem;
  try {
    observer.Ask(seconds(10), &problem);
    ADD_FAILURE() << "it was let in, or not told: " << problem;
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("turned this key away"));
  }
  EXPECT_EQ(job.asked(), 0);
}

TEST(BusObserver, WithoutKeysOrWithAnotherServersItSaysThatKeysAreMissing) {
  const BusKeys keys = MakeBusKeys();
  AnsweringJob job(keys);
  std::string problem;
  EXPECT_FALSE(BusObserver({job.contact().endpoint, 0}).Ask(seconds(2), &problem));
  EXPECT_THAT(problem, HasSubstr("it is encrypted and needs keys"));
  BusContact deceived = job.contact();
  deceived.keys.server_public = MakeBusKeys().server_public;
  EXPECT_FALSE(BusObserver(deceived).Ask(seconds(2), &problem));
  EXPECT_THAT(problem, HasSubstr("the keys are those of another job"));
  EXPECT_EQ(job.asked(), 0);
}

TEST(BusObserver, TellsABusyJobFromOneThatIsNotThere) {
  AnsweringJob job;
  BusObserver observer(job.contact());
  std::string problem;
  ASSERT_TRUE(observer.Ask(seconds(10), &problem)) << problem;
  job.SetBusy(true);
  EXPECT_FALSE(observer.Ask(milliseconds(300), &problem));
  EXPECT_THAT(problem, HasSubstr("the job is busy"));
  job.SetBusy(false);
  EXPECT_TRUE(observer.Ask(seconds(10), &problem)) << "and asks again: " << problem;
  EXPECT_FALSE(BusObserver({"tcp://127.0.0.1:1", 0}).Ask(milliseconds(300), &problem));
  EXPECT_THAT(problem, HasSubstr("is the job running"));
  EXPECT_THROW(BusObserver({"nonsense://x", 0}), ConfigError);
}

TEST(BusObserver, AnotherRunAtTheSamePlaceIsNotTakenForThisOne) {
  AnsweringJob job;
  BusContact contact = job.contact();
  ++contact.run_id;
  std::string problem;
  EXPECT_FALSE(BusObserver(contact).Ask(seconds(2), &problem));
  EXPECT_THAT(problem, HasSubstr("another run answers"));
}

}  // namespace
}  // namespace temper
