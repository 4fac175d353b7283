#pragma once

#include <cerrno>
#include <cstdlib>
#include <string>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace temper::testing {

// Resets every connection that a process of this user has accepted on `endpoint` (tcp://...:PORT), as a network may at any time: both ends
// get an error. Returns how many there were; -1 where the kernel does not let one process reach into another.
inline int ResetConnections(pid_t pid, const std::string& endpoint) {
  const int port = std::atoi(endpoint.substr(endpoint.rfind(':') + 1).c_str());
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) return -1;
  int reset = 0;
  DIR* folder = opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
  while (const dirent* entry = folder == nullptr ? nullptr : readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const int fd = static_cast<int>(syscall(SYS_pidfd_getfd, process, std::atoi(entry->d_name), 0));
    if (fd < 0) {
      if (errno == EPERM || errno == ENOSYS) reset = -1;
      if (reset < 0) break;
      continue;
    }
    sockaddr_in here{}, there{};
    socklen_t size = sizeof(here), size_there = sizeof(there);
    const bool accepted = getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) == 0 && here.sin_family == AF_INET &&
                          ntohs(here.sin_port) == port && getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size_there) == 0;
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    if (accepted && connect(fd, &nowhere, sizeof(nowhere)) == 0) ++reset;
    close(fd);
  }
  if (folder != nullptr) closedir(folder);
  close(process);
  return reset;
}

}  // namespace temper::testing
