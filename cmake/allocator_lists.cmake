# The lists of variants and mutants, as C++ headers that tests, benchmarks and the harness share.

# pidmap_stress_allocator_list(KIND FOLDER): generates allocator/KIND_list.hpp, which includes every
# header of FOLDER. One translation unit that includes them all is also a check: two files that
# define the same helper do not compile.
function(pidmap_stress_allocator_list kind folder)
  pidmap_stress_names(names ${folder} hpp)
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE include_folder)
  list(LENGTH names count)
  set(includes ${names})
  list(TRANSFORM includes REPLACE "(.+)" "#include \"${include_folder}/\\1.hpp\"\n")
  list(JOIN includes "" includes)
  set(types ${names})
  list(TRANSFORM types APPEND "<P>")
  list(JOIN types ", " types)
  set(strings ${names})
  list(TRANSFORM strings REPLACE "(.+)" "\"\\1\"")
  list(JOIN strings ", " strings)
  # file(CONFIGURE) leaves a header alone that is as it should be: nothing is compiled again.
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/allocator/${kind}_list.hpp @ONLY CONTENT
[[#pragma once
// Generated from the headers in @include_folder@/.

#include <array>
#include <string_view>
#include <utility>

#include "allocator/execution_policy.hpp"
#include "allocator/type_list.hpp"
@includes@
namespace pidmap_stress {

template <execution_policy P>
using @kind@_types = type_list<@types@>;

/// The names of the files, in the order of the types.
inline constexpr std::array<std::string_view, @count@> @kind@_files{@strings@};

/// Calls `visit` with a std::type_identity of each @kind@, in order.
template <execution_policy P, class Visit>
constexpr void for_each_@kind@(Visit&& visit) {
    for_each_type(@kind@_types<P>{}, std::forward<Visit>(visit));
}

}  // namespace pidmap_stress
]])
endfunction()
