# Installing:  cmake --build build/release && cmake --install build/release --prefix PREFIX    and    cmake --build build/release --target uninstall
# The prefix may be moved: the program finds lib/temper and share/temper from its own place (cluster/host/installation.h).
#   bin/temper                the program
#   lib/temper/               LibTorch's libraries, with TEMPER_BUNDLE_TORCH; without it the program names their folder (RUNPATH)
#   share/temper/             configs/, monitoring/ (Prometheus, Grafana), python/, temper.revision
#   share/doc/temper/  share/man/man1/  and the shells' completions
# Packing:  cd build/release && cpack    gives temper_<version>_<architecture>.deb

set(_bundle ON)
if(TEMPER_CUDA)
  set(_bundle OFF)  # some gigabytes
endif()
option(TEMPER_BUNDLE_TORCH "Install LibTorch's libraries beside the program, so that it runs where no LibTorch is" ${_bundle})

if(TEMPER_BUNDLE_TORCH)
  set_target_properties(temper PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/temper")
  get_filename_component(_torch_lib ${LibTorch_CPU_LIBRARY} DIRECTORY)
  get_filename_component(_packages ${_torch_lib}/../.. ABSOLUTE)  # a wheel's CUDA libraries lie beside its torch/
  string(REGEX REPLACE "([][+.*()^$?|\\\\{}])" "\\\\\\1" _torch_lib "${_torch_lib}")
  string(REGEX REPLACE "([][+.*()^$?|\\\\{}])" "\\\\\\1" _packages "${_packages}")
  install(TARGETS temper RUNTIME_DEPENDENCY_SET temper_libraries RUNTIME DESTINATION bin)
  # All others are the system's, and those of the package's Depends.
  install(RUNTIME_DEPENDENCY_SET temper_libraries
    POST_INCLUDE_REGEXES "^${_torch_lib}/" "^${_packages}/nvidia/"
    POST_EXCLUDE_REGEXES ".*"
    LIBRARY DESTINATION lib/temper)
else()
  set_target_properties(temper PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS temper RUNTIME DESTINATION bin)
endif()

install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/temper.revision DESTINATION share/temper OPTIONAL)
install(DIRECTORY configs DESTINATION share/temper)
install(FILES cluster/metrics/alerts.yml cluster/metrics/grafana.json cluster/metrics/prometheus.yml DESTINATION share/temper/monitoring)
install(DIRECTORY python/temper_runs DESTINATION share/temper/python PATTERN __pycache__ EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE NOTICE DESTINATION share/doc/temper)
install(DIRECTORY docs DESTINATION share/doc/temper PATTERN benchmarks EXCLUDE)
install(FILES NOTICE DESTINATION share/doc/temper RENAME copyright)  # where Debian looks for it

# What the program writes of itself: the manual page and the shells' completions.
function(temper_install_text destination name)
  install(CODE "
    file(MAKE_DIRECTORY \"${CMAKE_BINARY_DIR}/generated\")
    execute_process(COMMAND \"$<TARGET_FILE:temper>\" ${ARGN} OUTPUT_FILE \"${CMAKE_BINARY_DIR}/generated/${name}\" COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES ${CMAKE_BINARY_DIR}/generated/${name} DESTINATION ${destination})
endfunction()
temper_install_text(share/man/man1 temper.1 man)
temper_install_text(share/bash-completion/completions temper completion bash)
temper_install_text(share/zsh/vendor-completions _temper completion zsh)
temper_install_text(share/fish/vendor_completions.d temper.fish completion fish)

# Of what was installed, for its removal. CMake's own list is written again by cpack, too, and names files in /usr then.
install(CODE "
  if(NOT \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\" MATCHES \"/_CPack_Packages/\")
    list(JOIN CMAKE_INSTALL_MANIFEST_FILES \"\\n\" _installed)
    file(WRITE \"${CMAKE_BINARY_DIR}/installed.txt\" \"\${_installed}\\n\")
  endif()")
add_custom_target(uninstall
  COMMAND ${CMAKE_COMMAND} -DMANIFEST=${CMAKE_BINARY_DIR}/installed.txt -P ${CMAKE_SOURCE_DIR}/cmake/Uninstall.cmake VERBATIM)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The Temper authors <temper@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "distributed RL post-training for safe-completions")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# The libraries' packages are found by dpkg-shlibdeps; mpirun starts the ranks.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS python3)
include(CPack)
