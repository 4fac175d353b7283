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

# A change of one file links some hundred programs again: lld takes a fifth of the time.
find_program(LLD_PROGRAM ld.lld)
if(LLD_PROGRAM)
  target_link_options(temper_options INTERFACE -fuse-ld=lld)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE_PROGRAM})
endif()

# temper_wing(ROOM/WING [QUICK] [ALONE] [EXCEPT file...] [SOURCES file...] [LINKS ...] [PRIVATE_LINKS ...]): the static library of a wing, or of a room without
# wings. Its sources are all .cc files of its folder but EXCEPT, and SOURCES: a new file needs no line here.
# QUICK: temper_quick_to_compile. ALONE: temper_compile_together is left out, since every file there names its parts alike (Make, kRules).
# policy/jinja becomes the target temper_policy_jinja with the alias temper::policy_jinja.
function(temper_wing path)
  cmake_parse_arguments(WING "QUICK;ALONE" "" "EXCEPT;SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  string(REPLACE "/" "_" name ${path})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.cc)
  foreach(file ${WING_EXCEPT})
    list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${path}/${file})
  endforeach()
  add_library(temper_${name} STATIC ${sources} ${WING_SOURCES})
  add_library(temper::${name} ALIAS temper_${name})
  target_link_libraries(temper_${name} PUBLIC temper_options ${WING_LINKS} PRIVATE ${WING_PRIVATE_LINKS})
  if(WING_QUICK)
    temper_quick_to_compile(temper_${name})
  endif()
  if(NOT WING_ALONE)
    temper_compile_together(temper_${name})
  endif()
endfunction()

# temper_room(ROOM wing...): temper::ROOM stands for all of its wings.
function(temper_room room)
  add_library(temper_${room} INTERFACE)
  add_library(temper::${room} ALIAS temper_${room})
  foreach(wing ${ARGN})
    target_link_libraries(temper_${room} INTERFACE temper::${room}_${wing})
  endforeach()
endfunction()

# For code that waits for people, processes and disks, and not they for it: a third less time to compile.
function(temper_quick_to_compile target)
  if(NOT TEMPER_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# Compiles up to four files of a target as one: headers are read, and templates compiled, once for all of them. A whole build takes half
# the time so, and one changed file a few seconds more. Names in unnamed namespaces are then unique within a target.
function(temper_compile_together target)
  if(TEMPER_UNITY)
    # GCC takes types in unnamed namespaces for ones that other files see, since the file is an included one.
    get_target_property(files ${target} SOURCES)
    foreach(file ${files})
      string(REGEX REPLACE "\\.cc$" ".inc" list ${file})
      if(EXISTS ${list} AND NOT list STREQUAL file)
        set_source_files_properties(${file} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()
