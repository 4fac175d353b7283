#include "tests/support/test_device.h"

namespace temper {

at::Device TestDevice() { return at::kCPU; }

}  // namespace temper
