# What the program was built from: version, commit, date. They change although no code does, so they
# are a source of their own, written at build time: after a commit, only that source is compiled.

set(PIDMAP_STRESS_FACTS_DIR ${PROJECT_BINARY_DIR}/generated/harness/base)

# Checks at each build, and writes only if something changed; otherwise nothing that depends on it
# is rebuilt.
add_custom_target(pidmap_stress_commit
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR}
          -DOUT=${PIDMAP_STRESS_FACTS_DIR}/commit.txt -P ${PROJECT_SOURCE_DIR}/cmake/write_commit.cmake
  BYPRODUCTS ${PIDMAP_STRESS_FACTS_DIR}/commit.txt
  COMMENT "")

# The date is that of the last build that had something to do.
file(GLOB_RECURSE facts_depend_on CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/allocator/*.hpp ${PROJECT_SOURCE_DIR}/checkers/*.[ch]pp
     ${PROJECT_SOURCE_DIR}/harness/*.[ch]pp)
list(FILTER facts_depend_on EXCLUDE REGEX "_(test|bench)[.]cpp$|/testing/")
add_custom_command(
  OUTPUT ${PIDMAP_STRESS_FACTS_DIR}/build_facts_text.cpp
  COMMAND ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION}
          -DCOMMIT=${PIDMAP_STRESS_FACTS_DIR}/commit.txt
          -DOUT=${PIDMAP_STRESS_FACTS_DIR}/build_facts_text.cpp
          -P ${PROJECT_SOURCE_DIR}/cmake/write_build_facts.cmake
  DEPENDS pidmap_stress_commit ${PIDMAP_STRESS_FACTS_DIR}/commit.txt ${facts_depend_on}
          ${PROJECT_SOURCE_DIR}/cmake/write_build_facts.cmake
  COMMENT "" VERBATIM)
