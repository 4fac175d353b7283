#pragma once

#include <string>

namespace temper {

// train_bench --device cuda|cpu: SFT and GRPO updates of all parameters at the shape of Qwen2.5-0.5B (cpu: at a tiny one, to try the
// program out), bf16 compute over fp32 masters. Prints tokens/s and the shares of the limits: MFU = 6 P tokens/s / F over the tokens of
// the packed stream, and of the optimizer 28 B P / (t BW). Environment: MICRO_BATCH (8192 tokens), HBM_TBPS, BF16_TFLOPS.
void TrainOnDevice(const std::string& device);

}  // namespace temper
