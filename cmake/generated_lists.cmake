# Lists made from the files of a folder, so that to add a thing is to add one file. The name of a
# file is the name of the type or object that it defines.

# pidmap_stress_names(OUT FOLDER): the sorted base names of a folder's headers.
function(pidmap_stress_names out folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.hpp)
  set(names "")
  foreach(file IN LISTS files)
    cmake_path(GET file STEM stem)
    list(APPEND names ${stem})
  endforeach()
  list(SORT names)
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# pidmap_stress_generate(OUTPUT TEMPLATE NAMES...): writes build/generated/OUTPUT from
# cmake/generated/TEMPLATE.in. A line of the template that has @name@ in it is written once for each
# name; @kind@ and the like are variables of the caller. A file that is already right is left alone,
# so that nothing is compiled again.
function(pidmap_stress_generate output template)
  set(template ${PROJECT_SOURCE_DIR}/cmake/generated/${template}.in)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${template})
  file(STRINGS ${template} lines)
  set(text "")
  foreach(line IN LISTS lines)
    if(line MATCHES "@name@")
      foreach(name IN LISTS ARGN)
        string(CONFIGURE "${line}" one @ONLY)
        string(APPEND text "${one}\n")
      endforeach()
    else()
      string(CONFIGURE "${line}" one @ONLY)
      string(APPEND text "${one}\n")
    endif()
  endforeach()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/${output} CONTENT "${text}" @ONLY)
endfunction()

# pidmap_stress_allocator_list(KIND): generates allocator/KIND_list.hpp, which includes every header
# of allocator/KINDs. One translation unit that includes them all is also a check: two files that
# define the same helper do not compile.
function(pidmap_stress_allocator_list kind)
  pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/allocator/${kind}s)
  list(LENGTH names count)
  list(TRANSFORM names APPEND "<P>" OUTPUT_VARIABLE types)
  list(JOIN types ", " types)
  pidmap_stress_generate(allocator/${kind}_list.hpp allocator_list.hpp ${names})
endfunction()

# There are many mutants, and the headers that they share are half of each one's compile time. So
# several go into one compilation, in targets with UNITY_BUILD_MODE GROUP. Only their names decide
# which ones: adding or removing a mutant recompiles one group, and not all of them.
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

# pidmap_stress_each(OUT KIND FOLDER PREFIX NAMES...): a source for each name, so that they compile
# side by side, from PREFIX.cpp.in, and the list of them all, from PREFIXs.cpp.in.
function(pidmap_stress_each out kind folder prefix)
  set(sources "")
  foreach(name IN LISTS ARGN)
    pidmap_stress_generate(${folder}/${prefix}_${name}.cpp ${prefix}.cpp ${name})
    list(APPEND sources ${PROJECT_BINARY_DIR}/generated/${folder}/${prefix}_${name}.cpp)
  endforeach()
  pidmap_stress_generate(${folder}/${prefix}_${kind}s.cpp ${prefix}s.cpp ${ARGN})
  if(kind STREQUAL mutant)
    pidmap_stress_group_mutants(${sources})
  endif()
  set(${out} ${sources} ${PROJECT_BINARY_DIR}/generated/${folder}/${prefix}_${kind}s.cpp PARENT_SCOPE)
endfunction()

# pidmap_stress_generate_subjects(OUT MUTANTS_OUT): variants and mutants as native runs see them.
function(pidmap_stress_generate_subjects out mutants_out)
  set(variant_maker make_subject_entry)
  set(mutant_maker make_mutant_entry)
  foreach(kind IN ITEMS variant mutant)
    set(maker ${${kind}_maker})
    pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/allocator/${kind}s)
    pidmap_stress_each(${kind}_sources ${kind} harness/native subject ${names})
  endforeach()
  set(${out} ${variant_sources} PARENT_SCOPE)
  set(${mutants_out} ${mutant_sources} PARENT_SCOPE)
endfunction()

# pidmap_stress_generate_explored(OUT MUTANTS_OUT): the same as explored programs see them.
function(pidmap_stress_generate_explored out mutants_out)
  set(variant_maker make_explored_variant)
  set(mutant_maker make_usual_explored_variant)
  foreach(kind IN ITEMS variant mutant)
    set(maker ${${kind}_maker})
    set(names "")
    # The explorer's memory is its own, and it is deterministic: a sanitizer would see nothing more.
    if(NOT PIDMAP_STRESS_SANITIZE)
      pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/allocator/${kind}s)
    endif()
    pidmap_stress_each(${kind}_sources ${kind} harness/programs explored_variant ${names})
  endforeach()
  set(${out} ${variant_sources} PARENT_SCOPE)
  set(${mutants_out} ${mutant_sources} PARENT_SCOPE)
endfunction()

# pidmap_stress_generate_scenarios(OUT): the lists of what workers do, and of small programs.
function(pidmap_stress_generate_scenarios out)
  pidmap_stress_names(names ${PROJECT_SOURCE_DIR}/harness/scenarios)
  pidmap_stress_generate(harness/scenarios/scenarios.cpp scenarios.cpp ${names})
  set(${out} ${PROJECT_BINARY_DIR}/generated/harness/scenarios/scenarios.cpp PARENT_SCOPE)
endfunction()
