#include "cluster/host/host_address.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr uint16_t kAnyPort = 9;  // nothing is sent there

sockaddr_in Resolve(const std::string& host, const std::string& advice) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) throw ConfigError(Concat("the name of host ", host, " leads to no address (", gai_strerror(code), "): ", advice));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof(address));
  address.sin_port = htons(kAnyPort);
  return address;
}

// A UDP socket that is connected sends nothing, but has the route looked up.
in_addr SourceTowards(const std::string& host, const std::string& advice) {
  const sockaddr_in peer = Resolve(host, advice);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  TEMPER_CHECK(fd >= 0, "cannot open a socket: ", std::strerror(errno));
  sockaddr_in source{};
  socklen_t size = sizeof(source);
  const bool found = connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&source), &size) == 0;
  const std::string why = std::strerror(errno);
  close(fd);
  if (!found) throw ConfigError(Concat("no route to host ", host, " (", why, "): ", advice));
  if ((ntohl(source.sin_addr.s_addr) >> 24) == 127) {
    throw ConfigError(Concat("the name of host ", host, " leads to a loopback address here: ", advice));
  }
  return source.sin_addr;
}

}  // namespace

std::string AddressTowards(const std::vector<std::string>& hosts, const std::string& advice) {
  std::string chosen;
  std::string chosen_for;
  for (const std::string& host : hosts) {
    char text[INET_ADDRSTRLEN] = {};
    const in_addr source = SourceTowards(host, advice);
    inet_ntop(AF_INET, &source, text, sizeof(text));
    if (!chosen.empty() && chosen != text) {
      throw ConfigError(Concat("this host speaks to ", chosen_for, " from ", chosen, " and to ", host, " from ", text, ": ", advice));
    }
    chosen = text;
    chosen_for = host;
  }
  return chosen;
}

}  // namespace temper
