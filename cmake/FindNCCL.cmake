# Finds NCCL and the CUDA runtime it needs. Gives nccl::nccl. The library torch's wheel brings is preferred, so that one process
# never holds two of them.
file(GLOB _wheel ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/nvidia/nccl)
find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${_wheel}/include /usr/local/cuda/include)
find_library(NCCL_LIBRARY NAMES nccl libnccl.so.2 HINTS ${_wheel}/lib /usr/local/cuda/lib64)
find_path(CUDART_INCLUDE_DIR cuda_runtime_api.h HINTS /usr/local/cuda/include)
find_library(CUDART_LIBRARY cudart HINTS /usr/local/cuda/lib64)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(NCCL REQUIRED_VARS NCCL_LIBRARY NCCL_INCLUDE_DIR CUDART_LIBRARY CUDART_INCLUDE_DIR)
if(NCCL_FOUND AND NOT TARGET nccl::nccl)
  add_library(nccl::nccl INTERFACE IMPORTED)
  target_include_directories(nccl::nccl SYSTEM INTERFACE ${NCCL_INCLUDE_DIR} ${CUDART_INCLUDE_DIR})
  target_link_libraries(nccl::nccl INTERFACE ${NCCL_LIBRARY} ${CUDART_LIBRARY})
endif()
