#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "cluster/bus/bus.h"

namespace temper {

// What has come for a worker and waits until it asks for it.
struct Inbox {
  std::deque<BusTask> tasks;
  std::deque<std::string> announcements, chunks, welcomes;
  bool draining = false;
  std::string sent_away;  // why the orchestrator does so; "" = it does not
};

template <typename T>
std::optional<T> PopFront(std::deque<T>* queue) {
  if (queue->empty()) return std::nullopt;
  T item = std::move(queue->front());
  queue->pop_front();
  return item;
}

}  // namespace temper
