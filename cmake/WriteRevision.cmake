# Leaves beside the program what it was built from: "<git revision> clean" or "... dirty" (changes that are not committed). Nothing where
# SOURCE is in no repository. Run at every build:  cmake -DSOURCE=... -DFILE=... -P WriteRevision.cmake
execute_process(COMMAND git -C ${SOURCE} rev-parse HEAD OUTPUT_VARIABLE _revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _failed)
if(_failed)
  file(REMOVE ${FILE})
  return()
endif()
execute_process(COMMAND git -C ${SOURCE} status --porcelain --untracked-files=no OUTPUT_VARIABLE _changes ERROR_QUIET)
set(_state clean)
if(_changes)
  set(_state dirty)
endif()
file(WRITE ${FILE} "${_revision} ${_state}\n")
