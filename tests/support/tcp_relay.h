#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace temper {

// A network between the peers of a bus on loopback and its endpoint, with the faults of one: it cuts all connections, refuses new ones, or
// takes one ZeroMQ message out of the stream as if it had never been sent. That it understands ZMTP 3.1's framing (RFC 37) is for the last
// alone, and needs a bus without encryption.
class TcpRelay {
 public:
  explicit TcpRelay(const std::string& endpoint) : target_(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))) {
    listener_ = Bound(0);
    listen(listener_, 64);
    sockaddr_in name{};
    socklen_t size = sizeof(name);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(name.sin_port));
    thread_ = std::thread([this] { Run(); });
  }
  ~TcpRelay() {
    stop_ = true;
    thread_.join();
    Close();
    close(listener_);
  }
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  const std::string& endpoint() const { return endpoint_; }
  // Ends every connection, both ways. Returns when it is done.
  void Cut() {
    cut_ = true;
    while (cut_) std::this_thread::yield();
  }
  void Refuse(bool refuse) { refuse_ = refuse; }
  // Takes out the next message with `text` in it, of either direction.
  void SwallowNext(const std::string& text) {
    swallow_text_ = text;
    swallow_ = true;
  }
  bool swallowed() const { return !swallow_; }

 private:
  struct Way {
    int from = -1, to = -1;
    size_t greeting = 64;  // bytes of it to come
    std::string waiting{};
  };

  static int Bound(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    return fd;
  }

  void Accept() {
    const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(target_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (refuse_ || connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      close(peer);
      close(server);
      return;
    }
    ways_.push_back({.from = peer, .to = server});
    ways_.push_back({.from = server, .to = peer});
  }

  void Close() {
    for (const Way& way : ways_) {
      const linger reset{1, 0};
      setsockopt(way.from, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
      close(way.from);
    }
    ways_.clear();
  }

  static void SendAll(int fd, const std::string& bytes) {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t sent = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return;
      done += static_cast<size_t>(sent);
    }
  }

  // Sends on the greeting and whole messages.
  void Forward(Way* way) {
    std::string on = way->waiting.substr(0, way->greeting);
    way->greeting -= on.size();
    way->waiting.erase(0, on.size());
    while (way->greeting == 0 && way->waiting.size() >= 2) {
      const bool is_long = (way->waiting[0] & 2) != 0;
      const size_t head = is_long ? 9 : 2;
      if (way->waiting.size() < head) break;
      uint64_t length = 0;
      for (size_t i = 1; i < head; ++i) length = length << 8 | static_cast<unsigned char>(way->waiting[i]);
      if (way->waiting.size() < head + length) break;
      const std::string message = way->waiting.substr(0, head + length);
      way->waiting.erase(0, message.size());
      if (swallow_ && message.find(swallow_text_) != std::string::npos) {
        swallow_ = false;
        continue;
      }
      on += message;
    }
    SendAll(way->to, on);
  }

  void Run() {
    while (!stop_) {
      std::vector<pollfd> fds = {{listener_, POLLIN, 0}};
      for (const Way& way : ways_) fds.push_back({way.from, POLLIN, 0});
      poll(fds.data(), fds.size(), 2);
      if (cut_) {
        Close();
        cut_ = false;
        continue;
      }
      bool ended = false;
      for (size_t i = 1; i < fds.size(); ++i) {
        if (fds[i].revents == 0) continue;
        char buffer[65536];
        const ssize_t got = read(fds[i].fd, buffer, sizeof(buffer));
        ended = ended || got <= 0;
        if (got <= 0) continue;
        ways_[i - 1].waiting.append(buffer, static_cast<size_t>(got));
        Forward(&ways_[i - 1]);
      }
      if (fds[0].revents != 0) Accept();
      if (ended) CloseEnded();
    }
  }

  // Both ways of a connection that one end has closed.
  void CloseEnded() {
    std::vector<Way> kept;
    for (size_t i = 0; i + 1 < ways_.size(); i += 2) {
      char byte;
      bool ended = false;
      for (const int fd : {ways_[i].from, ways_[i].to}) {
        const ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        ended = ended || got == 0 || (got < 0 && errno != EAGAIN);
      }
      if (!ended) {
        kept.push_back(ways_[i]);
        kept.push_back(ways_[i + 1]);
        continue;
      }
      close(ways_[i].from);
      close(ways_[i].to);
    }
    ways_ = kept;
  }

  int target_;
  int listener_ = -1;
  std::string endpoint_;
  std::vector<Way> ways_;  // two of each connection, side by side
  std::atomic<bool> stop_{false}, cut_{false}, refuse_{false}, swallow_{false};
  std::string swallow_text_;  // set before swallow_
  std::thread thread_;
};

}  // namespace temper
