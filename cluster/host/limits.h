#pragma once

namespace temper {

// Makes the best of what this process may use (ulimit), once, at its start. A file that may not
// grow is an error of a write (File too large) and not the end of the process. As many files may be
// open as the hard limit allows. Children inherit both.
void UseLimits();

// Throws ConfigError naming the limit, its value and what a job needs, where one is so small that a job would fail later, less clearly.
void CheckLimits();

}  // namespace temper
