# Lists made from what lies in a folder, so that adding a thing is adding one file.
# The file's name is the name of the type or object that it defines.

# pidmap_stress_names(OUT FOLDER EXTENSION): the sorted base names of a folder's files.
# A test or a benchmark beside them is not one of them.
function(pidmap_stress_names out folder extension)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.${extension})
  set(names "")
  foreach(file IN LISTS files)
    cmake_path(GET file STEM stem)
    if(NOT stem MATCHES "_(test|bench)$")
      list(APPEND names ${stem})
    endif()
  endforeach()
  list(SORT names)
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# Mutants are many, and half of what one costs to compile are the headers that they share. So
# several go into one compilation, in targets with UNITY_BUILD_MODE GROUP. Which ones is up to their
# names alone: a mutant that is added or removed has one group compiled again, and not all of them.
set(PIDMAP_STRESS_MUTANT_GROUPS 10)

# pidmap_stress_group_mutants(SOURCES...): some compilations instead of one for each.
function(pidmap_stress_group_mutants)
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM name)
    string(SHA1 hash ${name})
    string(SUBSTRING ${hash} 0 6 hash)
    math(EXPR group "0x${hash} % ${PIDMAP_STRESS_MUTANT_GROUPS}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP mutants_${group})
  endforeach()
endfunction()

# pidmap_stress_generate_subjects(OUT MUTANTS_OUT): a source for each variant and each mutant, so
# that they compile side by side, and the lists of them all, of the mutants apart.
function(pidmap_stress_generate_subjects out mutants_out)
  set(folder ${PROJECT_BINARY_DIR}/generated/harness)
  foreach(kind IN ITEMS variant mutant)
    set(list subjects)
    set(make make_subject_entry)
    if(kind STREQUAL mutant)
      set(list mutant_subjects)
      set(make make_mutant_entry)
    endif()
    set(${kind}_sources "")
    set(declarations "")
    set(includes "")
    set(entries "")
    pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/allocator/${kind}s hpp)
    foreach(name IN LISTS names)
      file(CONFIGURE OUTPUT ${folder}/subject_${name}.cpp CONTENT [=[
#include "allocator/@kind@s/@name@.hpp"
#include "harness/subject_of.hpp"

namespace pidmap_stress {
subject_entry subject_@name@() { return @make@<@name@>(); }
}  // namespace pidmap_stress
]=] @ONLY)
      list(APPEND ${kind}_sources ${folder}/subject_${name}.cpp)
      string(APPEND declarations "subject_entry subject_${name}();\n")
      string(APPEND entries "        subject_${name}(),\n")
      # All in one source as well: two files that define one name must not link silently.
      string(APPEND includes "#include \"allocator/${kind}s/${name}.hpp\"\n")
    endforeach()
    file(CONFIGURE OUTPUT ${folder}/${list}.cpp CONTENT [=[
@includes@#include <vector>

#include "harness/subject.hpp"

namespace pidmap_stress {
@declarations@
std::span<const subject_entry> @list@() noexcept {
    static const std::vector<subject_entry> entries{
@entries@    };
    return entries;
}
}  // namespace pidmap_stress
]=] @ONLY)
    list(APPEND ${kind}_sources ${folder}/${list}.cpp)
  endforeach()
  pidmap_stress_group_mutants(${mutant_sources})
  set(${out} ${variant_sources} PARENT_SCOPE)
  set(${mutants_out} ${mutant_sources} PARENT_SCOPE)
endfunction()

# pidmap_stress_generate_explored(OUT MUTANTS_OUT): a source for each variant and each mutant as
# explored programs see them, and lists of them all, of the mutants apart.
function(pidmap_stress_generate_explored out mutants_out)
  set(folder ${PROJECT_BINARY_DIR}/generated/harness/explore)
  foreach(kind IN ITEMS variant mutant)
    set(names "")
    # The explorer's memory is its own, and it is deterministic: a sanitizer adds nothing to what it
    # sees.
    if(NOT PIDMAP_STRESS_SANITIZE)
      pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/allocator/${kind}s hpp)
    endif()
    set(make make_explored_variant)
    if(kind STREQUAL mutant)
      set(make make_usual_explored_variant)
    endif()
    set(${kind}_sources "")
    set(declarations "")
    set(entries "")
    foreach(name IN LISTS names)
      file(CONFIGURE OUTPUT ${folder}/explored_${name}.cpp CONTENT [=[
#include "allocator/@kind@s/@name@.hpp"
#include "harness/explore/explored_allocator_of.hpp"

namespace pidmap_stress::explore {
explored_variant explored_@name@() { return @make@<@name@>(); }
}  // namespace pidmap_stress::explore
]=] @ONLY)
      list(APPEND ${kind}_sources ${folder}/explored_${name}.cpp)
      string(APPEND declarations "explored_variant explored_${name}();\n")
      string(APPEND entries "        explored_${name}(),\n")
    endforeach()
    file(CONFIGURE OUTPUT ${folder}/explored_${kind}s.cpp CONTENT [=[
#include "harness/explore/explored_variant.hpp"

namespace pidmap_stress::explore {
@declarations@
std::span<const explored_variant> explored_@kind@s() noexcept {
    static const std::vector<explored_variant> entries{
@entries@    };
    return entries;
}
}  // namespace pidmap_stress::explore
]=] @ONLY)
  endforeach()
  pidmap_stress_names(scenarios ${PROJECT_SOURCE_DIR}/harness/explore/scenarios hpp)
  set(includes "")
  set(infos "")
  foreach(scenario IN LISTS scenarios)
    string(APPEND includes "#include \"harness/explore/scenarios/${scenario}.hpp\"\n")
    string(APPEND infos "        &${scenario}::info,\n")
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/explored_scenarios.cpp CONTENT [=[
@includes@
namespace pidmap_stress::explore {
std::span<const explored_scenario* const> explored_scenarios() noexcept {
    static constexpr const explored_scenario* entries[] = {
@infos@    };
    return entries;
}
}  // namespace pidmap_stress::explore
]=] @ONLY)
  pidmap_stress_group_mutants(${mutant_sources})
  set(${out} ${variant_sources} ${folder}/explored_variants.cpp ${folder}/explored_scenarios.cpp
      PARENT_SCOPE)
  set(${mutants_out} ${mutant_sources} ${folder}/explored_mutants.cpp PARENT_SCOPE)
endfunction()

# pidmap_stress_generate_scenarios(OUT): one source with the list of all scenarios.
function(pidmap_stress_generate_scenarios out)
  set(folder ${PROJECT_BINARY_DIR}/generated/harness)
  pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/harness/scenarios hpp)
  set(includes "")
  set(entries "")
  foreach(name IN LISTS names)
    string(APPEND includes "#include \"harness/scenarios/${name}.hpp\"\n")
    string(APPEND entries "        entry<${name}>(),\n")
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/scenarios.cpp CONTENT [=[
@includes@
namespace pidmap_stress {
namespace {
template <class Scenario>
[[nodiscard]] scenario_entry entry() {
    return {.info = &Scenario::info,
            .make = []() -> std::unique_ptr<scenario> { return std::make_unique<Scenario>(); }};
}
}  // namespace

std::span<const scenario_entry> scenarios() noexcept {
    static const scenario_entry entries[] = {
@entries@    };
    return entries;
}

const scenario_entry* find_scenario(std::string_view name) noexcept {
    for (const scenario_entry& one : scenarios())
        if (one.info->name == name) return &one;
    return nullptr;
}
}  // namespace pidmap_stress
]=] @ONLY)
  set(${out} ${folder}/scenarios.cpp PARENT_SCOPE)
endfunction()
