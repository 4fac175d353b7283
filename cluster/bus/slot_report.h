#pragma once

#include <memory>

#include "cluster/bus/bodies.h"
#include "cluster/bus/contact.h"

namespace temper {

// Tells the orchestrator that a rank's worker will not be started again. Who tells it is no peer: a rank that hosts a worker has no other
// word for the orchestrator. One thread only; nothing waits.
class SlotReport {
 public:
  SlotReport(const BusContact& contact, SlotDownBody body);
  ~SlotReport();
  SlotReport(SlotReport&&) noexcept;
  SlotReport& operator=(SlotReport&&) = delete;

  // Sends it, twice a second until the orchestrator says that it has heard it; true from then on. Call it several times a second.
  bool Deliver();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper
