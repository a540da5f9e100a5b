# Installs the allocator alone into an empty prefix, and builds and runs a project that uses it.
# Run as: cmake -DSOURCE=... -DWORK=... -DCXX=... -DGENERATOR=... -P install_test.cmake

set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${WORK}/allocator
    -DCMAKE_CXX_COMPILER=${CXX} -DPIDMAP_STRESS_HARNESS=OFF -DCMAKE_INSTALL_PREFIX=${prefix})
run(${CMAKE_COMMAND} --build ${WORK}/allocator)
run(${CMAKE_COMMAND} --install ${WORK}/allocator)

file(GLOB_RECURSE foreign RELATIVE ${prefix}
     ${prefix}/*_test.* ${prefix}/*_bench.* ${prefix}/*/testing/* ${prefix}/*/benchmarking/*)
if(foreign)
  message(FATAL_ERROR "Installed, but not the allocator's: ${foreign}")
endif()

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE}/allocator/testing/consumer -B ${WORK}/consumer
    -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK}/consumer)
run(${WORK}/consumer/consumer)
