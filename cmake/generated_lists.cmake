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
