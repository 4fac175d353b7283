#pragma once

#include <string>

namespace temper {

// decode_bench --device cuda|cpu: bf16 decoding at the shape of Qwen2.5-0.5B (cpu: at a tiny one, to try the program out) over ATen's
// operations and own kernels, with CUDA graphs and without, for several numbers of slots. Prints tokens/s and the shares of the limits:
//   HBM (P 2 + B c kappa) / (t BW),  FLOP 2 P B / (t F),  with P parameters, B slots, c mean context, kappa bytes of cache a position.
// Environment: PROMPT (128), NEW (256), GROUP (8), HBM_TBPS, BF16_TFLOPS.
void DecodeOnDevice(const std::string& device);

}  // namespace temper
