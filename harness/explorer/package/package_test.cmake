# Builds and runs the example, a project of its own, against the explorer as others get it.
# Run as: cmake -DFROM=... -DWORK=... -DCXX=... -DGENERATOR=... -DFLAGS=... -P package_test.cmake
#
# FROM  an install: -DBUILD=, a build tree whose component `explorer` is installed to an empty prefix;
#       or a subdirectory: -DSOURCE=, a source tree that is added to the project, as a shared library.

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
# Nothing of the source tree is in reach.
file(COPY ${CMAKE_CURRENT_LIST_DIR}/../example DESTINATION ${WORK})
set(options -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX} "-DCMAKE_CXX_FLAGS=${FLAGS}"
            -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
if(FROM STREQUAL "install")
  foreach(component IN ITEMS allocator explorer)
    run(${CMAKE_COMMAND} --install ${BUILD} --component ${component} --prefix ${WORK}/prefix)
  endforeach()
  file(GLOB_RECURSE foreign RELATIVE ${WORK}/prefix
       ${WORK}/prefix/*_test.* ${WORK}/prefix/*_bench.* ${WORK}/prefix/*/litmus/*
       ${WORK}/prefix/bin/*)
  if(foreign)
    message(FATAL_ERROR "Installed, but not the explorer's: ${foreign}")
  endif()
  set(source ${WORK}/example)
  list(APPEND options -DCMAKE_PREFIX_PATH=${WORK}/prefix)
else()
  set(source ${WORK}/all)
  file(CONFIGURE OUTPUT ${source}/CMakeLists.txt @ONLY CONTENT
[[cmake_minimum_required(VERSION 3.25)
project(all LANGUAGES CXX)
enable_testing()
add_subdirectory(@SOURCE@ explorer)
add_subdirectory(@WORK@/example example)
get_property(targets DIRECTORY @SOURCE@ PROPERTY BUILDSYSTEM_TARGETS)
get_property(of_explorer DIRECTORY @SOURCE@/harness/explorer PROPERTY BUILDSYSTEM_TARGETS)
if(targets OR NOT of_explorer STREQUAL "pidmap_stress_explorer")
  message(FATAL_ERROR "Built, but not the explorer: ${targets} ${of_explorer}")
endif()
]])
  list(APPEND options -DBUILD_SHARED_LIBS=ON)
endif()
run(${CMAKE_COMMAND} ${options} -S ${source} -B ${WORK}/build)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure --no-tests=error)
