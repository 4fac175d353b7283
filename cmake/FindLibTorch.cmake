# Finds LibTorch inside a Python wheel or a LibTorch folder, without torch's own CMake package (which enables the CUDA language
# and fails where no toolkit exists). Looked for, in this order: TORCH_DIR (option or environment: a folder with include/ and lib/),
# the project's .venv, the torch of the python3 in PATH. The minor version must be the one Temper is written for.
# Gives: torch::cpu, and torch::cuda where the CUDA libraries of the wheel set are there; LibTorch_VERSION.
set(TEMPER_TORCH_VERSION 2.11)
set(TORCH_DIR "$ENV{TORCH_DIR}" CACHE PATH "A folder with LibTorch's include/ and lib/ (a wheel's torch/ folder)")

set(_candidates ${TORCH_DIR})
file(GLOB _venv ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
list(APPEND _candidates ${_venv})
if(NOT _candidates)
  execute_process(COMMAND python3 -c "import importlib.util as u; s=u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE _installed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  list(APPEND _candidates ${_installed})
endif()

find_path(LibTorch_INCLUDE_DIR ATen/core/Tensor.h PATHS ${_candidates} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS ${_candidates} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 PATHS ${_candidates} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_CUDA_LIBRARY torch_cuda PATHS ${_candidates} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda PATHS ${_candidates} PATH_SUFFIXES lib NO_DEFAULT_PATH)

if(LibTorch_INCLUDE_DIR)
  foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(EXISTS ${LibTorch_INCLUDE_DIR}/${_header})
      file(STRINGS ${LibTorch_INCLUDE_DIR}/${_header} _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" LibTorch_VERSION "${_lines}")
      if(LibTorch_VERSION MATCHES "^[0-9]")
        break()
      endif()
    endif()
  endforeach()
  if(LibTorch_VERSION AND NOT LibTorch_VERSION MATCHES "^${TEMPER_TORCH_VERSION}\\.")
    message(FATAL_ERROR "LibTorch ${LibTorch_VERSION} at ${LibTorch_INCLUDE_DIR}: Temper needs ${TEMPER_TORCH_VERSION}.x. "
      "Run scripts/setup.sh, or point TORCH_DIR at a matching one.")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run scripts/setup.sh, or set TORCH_DIR to a folder with LibTorch's include/ and lib/")

if(LibTorch_FOUND AND NOT TARGET torch::cpu)
  # libtorch_cpu.so needs libcudart and libcupti even on CPUs; its RPATH finds them at run time, the linker must be told.
  get_filename_component(_lib ${LibTorch_CPU_LIBRARY} DIRECTORY)
  file(GLOB _cuda_libs ${_lib}/../../nvidia/cu13/lib ${_lib}/../../nvidia/*/lib /usr/local/cuda/lib64)
  set(_link_paths "")
  foreach(_dir ${_cuda_libs})
    list(APPEND _link_paths "-Wl,-rpath-link,${_dir}")
  endforeach()
  add_library(torch::cpu INTERFACE IMPORTED)
  target_include_directories(torch::cpu SYSTEM INTERFACE
    ${LibTorch_INCLUDE_DIR} ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include)
  # The OpenMP that LibTorch computes with, for code of ours that uses its threads: a second one would have threads of its own.
  file(GLOB _openmp ${_lib}/libgomp*.so*)
  target_link_libraries(torch::cpu INTERFACE ${LibTorch_CPU_LIBRARY} ${LibTorch_C10_LIBRARY} ${_openmp})
  target_link_options(torch::cpu INTERFACE ${_link_paths})
  if(LibTorch_CUDA_LIBRARY AND LibTorch_C10_CUDA_LIBRARY)
    add_library(torch::cuda INTERFACE IMPORTED)
    # Nothing names a symbol of torch_cuda: without --no-as-needed its kernels would never register.
    target_link_libraries(torch::cuda INTERFACE torch::cpu
      -Wl,--no-as-needed ${LibTorch_CUDA_LIBRARY} -Wl,--as-needed ${LibTorch_C10_CUDA_LIBRARY})
    # What torch's CUDA libraries need themselves (cuSPARSELt, NVSHMEM, ...) they find by their own RPATH, on machines that run them: a
    # program also links where only the toolkit is.
    target_link_options(torch::cuda INTERFACE -Wl,--allow-shlib-undefined)
    # torch's CUDA headers include the toolkit's.
    find_path(LibTorch_CUDA_TOOLKIT_INCLUDE_DIR cuda_runtime_api.h HINTS /usr/local/cuda/include)
    if(LibTorch_CUDA_TOOLKIT_INCLUDE_DIR)
      target_include_directories(torch::cuda SYSTEM INTERFACE ${LibTorch_CUDA_TOOLKIT_INCLUDE_DIR})
    endif()
  endif()
endif()
