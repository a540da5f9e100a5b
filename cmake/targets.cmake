# One function per kind of target, so that a target is a line and flags are said once.

function(pidmap_stress_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(PIDMAP_STRESS_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(PIDMAP_STRESS_SANITIZE)
    # PUBLIC: one uninstrumented object in a program is enough for false alarms.
    target_compile_options(${target} PUBLIC -fsanitize=${PIDMAP_STRESS_SANITIZE}
                                            -fno-omit-frame-pointer -g)
    target_link_options(${target} PUBLIC -fsanitize=${PIDMAP_STRESS_SANITIZE})
  endif()
endfunction()

# The headers that a source includes are half of its compile time, so those of others are compiled
# once, for all targets of a kind. No source may rely on that: CMAKE_DISABLE_PRECOMPILE_HEADERS shows
# whether each includes what it needs.
#
# harness: what libraries of the harness include. tests and unoptimized_tests: what those include.
function(pidmap_stress_precompiled_headers)
  set(common <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <map> <memory> <optional>
             <span> <string> <string_view> <utility> <vector>)
  if(PIDMAP_STRESS_HARNESS)
    pidmap_stress_add_precompiled(harness LINKS fmt::fmt nlohmann_json::nlohmann_json
                                  HEADERS ${common} <fmt/format.h> <nlohmann/json.hpp>)
  endif()
  if(PIDMAP_STRESS_TESTS)
    foreach(kind IN ITEMS tests unoptimized_tests)
      pidmap_stress_add_precompiled(${kind} LINKS GTest::gmock
                                    HEADERS ${common} <gmock/gmock.h> <gtest/gtest.h>)
      pidmap_stress_without_debug_info(pidmap_stress_precompiled_${kind})
    endforeach()
    target_compile_options(pidmap_stress_precompiled_unoptimized_tests PRIVATE -O0)
  endif()
endfunction()

function(pidmap_stress_add_precompiled kind)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINKS;HEADERS")
  set(source ${PROJECT_BINARY_DIR}/generated/precompiled_${kind}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// There is nothing to compile but the headers.\n")
  set(target pidmap_stress_precompiled_${kind})
  add_library(${target} OBJECT ${source})
  target_link_libraries(${target} PRIVATE ${arg_LINKS})
  pidmap_stress_compile_options(${target})
  target_precompile_headers(${target} PRIVATE ${arg_HEADERS})
  pidmap_stress_without_pch_timestamp(${target})
endfunction()

function(pidmap_stress_precompile target kind)
  target_precompile_headers(${target} REUSE_FROM pidmap_stress_precompiled_${kind})
  pidmap_stress_without_pch_timestamp(${target})
endfunction()

# The compiler's input must depend on contents alone, so that a compiler cache recognizes it.
function(pidmap_stress_without_pch_timestamp target)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# For code that is never debugged in an optimized build: debug information is a tenth of its compile
# time.
function(pidmap_stress_without_debug_info target)
  if(NOT PIDMAP_STRESS_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-g0>)
  endif()
endfunction()

# A library of this project: its sources lie in the calling folder. PRECOMPILED: with the headers
# of the harness.
# PUBLISHED: it is a part of the package too, and shared if BUILD_SHARED_LIBS says so.
function(pidmap_stress_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PRECOMPILED;PUBLISHED" "" "SOURCES;LINKS")
  set(kind STATIC)
  if(arg_PUBLISHED AND BUILD_SHARED_LIBS)
    set(kind SHARED)
  endif()
  pidmap_stress_add_library(${name} ${kind} "${arg_SOURCES}" "${arg_LINKS}")
  if(arg_PRECOMPILED)
    pidmap_stress_precompile(pidmap_stress_${name} harness)
  endif()
endfunction()

# The same, as objects that each program links for itself: they may need what the program's other
# libraries have, and the other way round.
function(pidmap_stress_objects name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  pidmap_stress_add_library(${name} OBJECT "${arg_SOURCES}" "${arg_LINKS}")
  # Other compilers insist on the same debug information, and some of these have none.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    pidmap_stress_precompile(pidmap_stress_${name} harness)
  endif()
endfunction()

function(pidmap_stress_add_library name kind sources links)
  add_library(pidmap_stress_${name} ${kind} ${sources})
  add_library(pidmap_stress::${name} ALIAS pidmap_stress_${name})
  target_include_directories(pidmap_stress_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(pidmap_stress_${name} PUBLIC ${links})
  # Only sources that have a UNITY_GROUP.
  set_target_properties(pidmap_stress_${name} PROPERTIES UNITY_BUILD ${PIDMAP_STRESS_GROUPED}
                                                         UNITY_BUILD_MODE GROUP)
  pidmap_stress_compile_options(pidmap_stress_${name})
endfunction()

# All tests of a folder: one program, one CTest test per case.
#
# UNOPTIMIZED: for tests that call much and compute little, which is most of them. They compile in
# half the time, and the libraries that they are linked with are still optimized. OPTIMIZED: the
# exceptions. A program that is optimized as a whole compiles faster than many exceptions.
function(pidmap_stress_tests name)
  if(NOT PIDMAP_STRESS_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "UNOPTIMIZED" "TIMEOUT" "SOURCES;OPTIMIZED;LINKS;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name}_tests ${arg_SOURCES} ${arg_OPTIMIZED})
  target_link_libraries(${name}_tests PRIVATE ${arg_LINKS} GTest::gmock GTest::gtest_main)
  pidmap_stress_compile_options(${name}_tests)
  pidmap_stress_without_debug_info(${name}_tests)
  if(arg_UNOPTIMIZED)
    target_compile_options(${name}_tests PRIVATE -O0)
    pidmap_stress_precompile(${name}_tests unoptimized_tests)
    # They cannot use headers that were precompiled with other options.
    set_source_files_properties(${arg_OPTIMIZED} PROPERTIES COMPILE_OPTIONS -O2
                                                            SKIP_PRECOMPILE_HEADERS ON)
  else()
    pidmap_stress_precompile(${name}_tests tests)
  endif()
  gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST TEST_PREFIX ${name}/
                       PROPERTIES TIMEOUT ${arg_TIMEOUT})
  # gtest_discover_tests() hands on no more than one label, so the tests get theirs when ctest has
  # read their names.
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake @ONLY CONTENT
[[if(@name@_tests_TESTS)
  set_tests_properties(${@name@_tests_TESTS} PROPERTIES LABELS "@name@;@arg_LABELS@")
endif()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES
               ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
endfunction()

# A Google Benchmark program. The target `benchmarks` builds them all; nothing else waits for them.
function(pidmap_stress_benchmark name)
  if(NOT PIDMAP_STRESS_BENCHMARKS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  if(NOT TARGET benchmarks)
    add_custom_target(benchmarks)
  endif()
  add_executable(${name}_bench EXCLUDE_FROM_ALL ${arg_SOURCES})
  add_dependencies(benchmarks ${name}_bench)
  target_link_libraries(${name}_bench PRIVATE ${arg_LINKS} benchmark::benchmark)
  pidmap_stress_compile_options(${name}_bench)
endfunction()
