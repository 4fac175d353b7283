# temper_options: the flags of every Temper target, carried by an interface target (no global flags).
add_library(temper_options INTERFACE)
target_compile_features(temper_options INTERFACE cxx_std_20)
target_compile_options(temper_options INTERFACE
  # -Wno-restrict: false alarms of g++ 12 on string concatenation (GCC bug 105329).
  -Wall -Wextra -Wshadow -Werror $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> -fno-math-errno -fstack-protector-strong
  $<$<CONFIG:Debug>:-O1 -D_GLIBCXX_ASSERTIONS>)
target_include_directories(temper_options INTERFACE ${CMAKE_SOURCE_DIR})
if(TEMPER_SANITIZE)
  # Not optimised: compiles in half the time, and the tests are quick enough. GCC 12's analysis of uninitialized values goes wrong in
  # instrumented library headers (std::regex).
  target_compile_options(temper_options INTERFACE -fsanitize=${TEMPER_SANITIZE} -fno-omit-frame-pointer -g1 -O0 -Wno-maybe-uninitialized)
  target_link_options(temper_options INTERFACE -fsanitize=${TEMPER_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE_PROGRAM})
endif()

# temper_room(NAME SOURCES ... [LINKS ...]): one static library per room, with the alias temper::NAME.
function(temper_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS" ${ARGN})
  add_library(temper_${name} STATIC ${ROOM_SOURCES})
  add_library(temper::${name} ALIAS temper_${name})
  target_link_libraries(temper_${name} PUBLIC temper_options ${ROOM_LINKS})
endfunction()
