# temper_test(NAME [ALONE] LABEL SOURCES ... LINKS ...): a GoogleTest program. ALONE: as in temper_wing.
function(temper_test name)
  cmake_parse_arguments(T "ALONE" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT T_LABEL)
    set(T_LABEL unit)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(TEMPER_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
  endif()
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE temper_options GTest::gmock_main ${T_LINKS})
  target_compile_definitions(${name} PRIVATE
    TEMPER_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TEMPER_BINARY="${CMAKE_BINARY_DIR}/bin/temper")
  temper_quick_to_compile(${name})
  if(NOT T_ALONE)
    temper_compile_together(${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT}
    ENVIRONMENT "OMP_NUM_THREADS=1;OMP_WAIT_POLICY=PASSIVE")
endfunction()

# temper_device_test(NAME SOURCES ... LINKS ...): NAME_test runs the sources' tests on the CPU, and in a build with CUDA NAME_cuda_test
# runs them on a GPU. temper_cuda_test(NAME ...): the latter alone, with the label gpu; without a GPU it counts as skipped.
function(temper_device_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LINKS" ${ARGN})
  temper_test(${name}_test SOURCES ${T_SOURCES} ${CMAKE_SOURCE_DIR}/tests/support/test_device_cpu.cc LINKS ${T_LINKS})
  temper_cuda_test(${name}_cuda_test SOURCES ${T_SOURCES} LINKS ${T_LINKS})
endfunction()

function(temper_cuda_test name)
  if(NOT TEMPER_CUDA)
    return()
  endif()
  cmake_parse_arguments(T "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${T_SOURCES} ${CMAKE_SOURCE_DIR}/tests/support/test_device_cuda.cc)
  target_link_libraries(${name} PRIVATE temper_options GTest::gmock GTest::gtest ${T_LINKS})
  target_compile_definitions(${name} PRIVATE TEMPER_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TEMPER_SKIPPED=77)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS gpu TIMEOUT 300 SKIP_RETURN_CODE 77 ENVIRONMENT "OMP_NUM_THREADS=1" RESOURCE_LOCK gpu)
endfunction()

# temper_mpi_test(NAME N SOURCES ... LINKS ...): the same program on N ranks; the program asserts its world size.
function(temper_mpi_test name ranks)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE temper_options GTest::gtest MPI::MPI_CXX ${T_LINKS})
  target_compile_definitions(${name} PRIVATE
    TEMPER_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TEMPER_BINARY="${CMAKE_BINARY_DIR}/bin/temper")
  add_test(NAME ${name} COMMAND ${MPIEXEC_EXECUTABLE} --allow-run-as-root --oversubscribe -np ${ranks} $<TARGET_FILE:${name}>)
  set_tests_properties(${name} PROPERTIES LABELS mpi TIMEOUT ${T_TIMEOUT} PROCESSORS 2
    ENVIRONMENT "OMP_NUM_THREADS=1;OMP_WAIT_POLICY=PASSIVE;OMPI_MCA_mpi_yield_when_idle=1")
endfunction()
