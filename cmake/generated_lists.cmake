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

# pidmap_stress_generate_subjects(OUT): a source for each variant and each mutant, so that they
# compile side by side, and one with the lists of them all.
function(pidmap_stress_generate_subjects out)
  set(folder ${PROJECT_BINARY_DIR}/generated/harness)
  set(sources "")
  set(declarations "")
  set(includes "")
  foreach(kind IN ITEMS variant mutant)
    pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/allocator/${kind}s hpp)
    if(kind STREQUAL mutant AND NOT PIDMAP_STRESS_MUTANTS)
      set(names "")
    endif()
    set(${kind}_entries "")
    foreach(name IN LISTS names)
      file(CONFIGURE OUTPUT ${folder}/subject_${name}.cpp CONTENT [=[
#include "allocator/@kind@s/@name@.hpp"
#include "harness/subject_of.hpp"

namespace pidmap_stress {
subject_entry subject_@name@() { return make_subject_entry<@name@>(); }
}  // namespace pidmap_stress
]=] @ONLY)
      list(APPEND sources ${folder}/subject_${name}.cpp)
      list(APPEND ${kind}_sources ${folder}/subject_${name}.cpp)
      string(APPEND declarations "subject_entry subject_${name}();\n")
      string(APPEND ${kind}_entries "        subject_${name}(),\n")
      # All in one source as well: two files that define one name must not link silently.
      string(APPEND includes "#include \"allocator/${kind}s/${name}.hpp\"\n")
    endforeach()
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/subjects.cpp CONTENT [=[
@includes@#include <vector>

#include "harness/subject.hpp"

namespace pidmap_stress {
@declarations@
std::span<const subject_entry> subjects() noexcept {
    static const std::vector<subject_entry> entries{
@variant_entries@    };
    return entries;
}
std::span<const subject_entry> mutant_subjects() noexcept {
    static const std::vector<subject_entry> entries{
@mutant_entries@    };
    return entries;
}
}  // namespace pidmap_stress
]=] @ONLY)
  pidmap_stress_group_mutants(${mutant_sources})
  set(${out} ${sources} ${folder}/subjects.cpp PARENT_SCOPE)
endfunction()

# pidmap_stress_generate_explored(OUT): a source for each variant in each explored scenario, so that
# they compile side by side, one for each mutant, and one with the lists of them all.
function(pidmap_stress_generate_explored out)
  set(folder ${PROJECT_BINARY_DIR}/generated/harness/explore)
  set(variants "")
  set(mutants "")
  # The explorer's memory is its own, and it is deterministic: a sanitizer adds nothing to what it
  # sees, and its programs would cost such a build minutes.
  if(NOT PIDMAP_STRESS_SANITIZE)
    pidmap_stress_names(variants ${PROJECT_SOURCE_DIR}/allocator/variants hpp)
    pidmap_stress_names(mutants ${PROJECT_SOURCE_DIR}/allocator/mutants hpp)
  endif()
  pidmap_stress_names(scenarios ${PROJECT_SOURCE_DIR}/harness/explore/scenarios hpp)
  set(sources "")
  set(declarations "")
  set(variant_entries "")
  set(mutant_entries "")
  foreach(variant IN LISTS variants)
    set(pairs "")
    foreach(scenario IN LISTS scenarios)
      set(source ${folder}/explored_${variant}_${scenario}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT [=[
#include "allocator/variants/@variant@.hpp"
#include "harness/explore/scenarios/@scenario@.hpp"

namespace pidmap_stress::explore {
explored_pair explored_@variant@_@scenario@() {
    return make_explored_pair<pidmap_stress::@variant@, explore::@scenario@>();
}
}  // namespace pidmap_stress::explore
]=] @ONLY)
      list(APPEND sources ${source})
      string(APPEND declarations "explored_pair explored_${variant}_${scenario}();\n")
      string(APPEND pairs "explored_${variant}_${scenario}(), ")
    endforeach()
    string(APPEND variant_entries "        make_variant({${pairs}}),\n")
  endforeach()
  set(includes "")
  set(infos "")
  foreach(scenario IN LISTS scenarios)
    string(APPEND includes "#include \"harness/explore/scenarios/${scenario}.hpp\"\n")
    string(APPEND infos "        &${scenario}::info,\n")
  endforeach()
  foreach(mutant IN LISTS mutants)
    # Many, and all of one size: one source for all scenarios.
    set(pairs ${scenarios})
    list(TRANSFORM pairs REPLACE "(.+)"
         "make_small_explored_pair<pidmap_stress::${mutant}, explore::\\1>()")
    list(JOIN pairs ",\n            " pairs)
    file(CONFIGURE OUTPUT ${folder}/explored_mutant_${mutant}.cpp CONTENT [=[
#include "allocator/mutants/@mutant@.hpp"
@includes@
namespace pidmap_stress::explore {
std::vector<explored_pair> explored_mutant_@mutant@() {
    return {@pairs@};
}
}  // namespace pidmap_stress::explore
]=] @ONLY)
    list(APPEND sources ${folder}/explored_mutant_${mutant}.cpp)
    list(APPEND mutant_sources ${folder}/explored_mutant_${mutant}.cpp)
    string(APPEND declarations "std::vector<explored_pair> explored_mutant_${mutant}();\n")
    string(APPEND mutant_entries "        make_variant(explored_mutant_${mutant}()),\n")
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/explored_lists.cpp CONTENT [=[
@includes@
namespace pidmap_stress::explore {
@declarations@
namespace {
[[nodiscard, maybe_unused]] explored_variant make_variant(std::vector<explored_pair> programs) {
    return {.info = programs.front().variant, .programs = std::move(programs)};
}
}  // namespace

std::span<const explored_variant> explored_variants() noexcept {
    static const std::vector<explored_variant> entries{
@variant_entries@    };
    return entries;
}

std::span<const explored_variant> explored_mutants() noexcept {
    static const std::vector<explored_variant> entries{
@mutant_entries@    };
    return entries;
}

std::span<const explored_scenario* const> explored_scenarios() noexcept {
    static constexpr const explored_scenario* entries[] = {
@infos@    };
    return entries;
}
}  // namespace pidmap_stress::explore
]=] @ONLY)
  pidmap_stress_group_mutants(${mutant_sources})
  set(${out} ${sources} ${folder}/explored_lists.cpp PARENT_SCOPE)
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

# pidmap_stress_generate_scripted(OUT): the same for scripts, which run on pages of other sizes.
function(pidmap_stress_generate_scripted out)
  set(folder ${PROJECT_BINARY_DIR}/generated/harness/explore)
  pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/allocator/variants hpp)
  set(sources "")
  set(declarations "")
  set(entries "")
  foreach(name IN LISTS names)
    file(CONFIGURE OUTPUT ${folder}/scripted_${name}.cpp CONTENT [=[
#include "allocator/variants/@name@.hpp"
#include "harness/explore/script_program.hpp"

namespace pidmap_stress::explore {
scripted_variant scripted_@name@() { return make_scripted_variant<@name@>(); }
}  // namespace pidmap_stress::explore
]=] @ONLY)
    list(APPEND sources ${folder}/scripted_${name}.cpp)
    string(APPEND declarations "scripted_variant scripted_${name}();\n")
    string(APPEND entries "        scripted_${name}(),\n")
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/scripted_variants.cpp CONTENT [=[
#include "harness/explore/script.hpp"

namespace pidmap_stress::explore {
@declarations@
std::span<const scripted_variant> scripted_variants() noexcept {
    static const scripted_variant entries[] = {
@entries@    };
    return entries;
}
}  // namespace pidmap_stress::explore
]=] @ONLY)
  set(${out} ${sources} ${folder}/scripted_variants.cpp PARENT_SCOPE)
endfunction()
