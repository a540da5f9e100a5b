# A mutant that is dropped as a file into allocator/mutants is picked up without any other change:
# in a copy of the tree it is in every list, and it compiles for every world.
# Needs SOURCE, WORK, CXX, GENERATOR.
file(REMOVE_RECURSE ${WORK})
foreach(folder IN ITEMS allocator checkers cmake harness)
  file(COPY ${SOURCE}/${folder} DESTINATION ${WORK}/tree)
endforeach()
file(COPY ${SOURCE}/CMakeLists.txt DESTINATION ${WORK}/tree)

set(mutant "${WORK}/tree/allocator/mutants/dropped_in.hpp")
file(WRITE ${mutant} [=[
#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {
struct dropped_in_orders : sound_orders {
    static constexpr auto clear = std::memory_order::relaxed;
};
template <execution_policy P>
struct dropped_in : pid_namespace<P, dropped_in_orders, sound_steps> {
    using pid_namespace<P, dropped_in_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "dropped_in", .summary = "F1 loses its release",
        .kind = variant_kind::mutant, .breaks = invariant::reuse_happens_after};
};
}  // namespace pidmap_stress
]=])

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} -S ${WORK}/tree -B ${WORK}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX}
    -DPIDMAP_STRESS_TESTS=OFF -DPIDMAP_STRESS_BENCHMARKS=OFF)
file(STRINGS ${WORK}/build/generated/harness/native/subject_mutants.cpp native REGEX "subject_dropped_in\\(\\),")
file(STRINGS ${WORK}/build/generated/harness/programs/explored_variant_mutants.cpp explored
     REGEX "explored_dropped_in\\(\\),")
if(NOT native OR NOT explored)
  message(FATAL_ERROR "dropped_in is not in the lists: native '${native}', explored '${explored}'")
endif()
file(GLOB_RECURSE sources ${WORK}/build/generated/*dropped_in.cpp)
foreach(source IN LISTS sources)
  run(${CXX} -std=c++20 -fsyntax-only -I ${WORK}/tree ${source})
endforeach()
list(LENGTH sources count)
if(NOT count EQUAL 2)
  message(FATAL_ERROR "one source for native runs and one for the explorer: ${sources}")
endif()

# It can be removed just as easily.
file(REMOVE ${mutant})
run(${CMAKE_COMMAND} ${WORK}/build)
file(STRINGS ${WORK}/build/generated/harness/native/subject_mutants.cpp native REGEX "dropped_in")
if(native)
  message(FATAL_ERROR "dropped_in is still listed: ${native}")
endif()
