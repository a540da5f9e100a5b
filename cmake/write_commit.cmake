# Writes the commit that is checked out in SOURCE into OUT, and whether files differ from it:
# "HASH|clean" or "HASH|modified"; "unknown|clean" if SOURCE is not the top of a git work tree, as
# in an unpacked archive. SOURCE_DATE_EPOCH follows, so that another value is a reason to write the
# date again. OUT is left alone if it is already right.

set(commit unknown)
set(state clean)
find_program(GIT git)
if(GIT)
  # A container may own the files by another user, and others may use the repository meanwhile.
  set(git ${GIT} -c safe.directory=* --no-optional-locks -C ${SOURCE})
  execute_process(COMMAND ${git} rev-parse --show-toplevel HEAD
                  OUTPUT_VARIABLE told RESULT_VARIABLE failed ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  # Another project may have this one in a folder of its own repository.
  file(REAL_PATH ${SOURCE} top)
  if(NOT failed AND told MATCHES "^(.*)\n([0-9a-f]+)$" AND CMAKE_MATCH_1 STREQUAL top)
    set(commit ${CMAKE_MATCH_2})
    execute_process(COMMAND ${git} status --porcelain OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      set(state modified)
    endif()
  endif()
endif()
set(text "${commit}|${state}|$ENV{SOURCE_DATE_EPOCH}")
set(before "")
if(EXISTS ${OUT})
  file(READ ${OUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUT} "${text}")
endif()
