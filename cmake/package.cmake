# The package: find_package(pidmap-stress CONFIG [COMPONENTS allocator explorer]). A component is a
# target pidmap_stress::NAME.

include(CMakePackageConfigHelpers)

set(PIDMAP_STRESS_PACKAGE_DIR ${CMAKE_INSTALL_DATADIR}/cmake/pidmap-stress)

# Installs pidmap_stress_NAME as a component. Its headers are found as in the source tree.
function(pidmap_stress_install name)
  set_target_properties(pidmap_stress_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(pidmap_stress_${name} INTERFACE
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/pidmap-stress>)
  install(TARGETS pidmap_stress_${name} EXPORT pidmap-stress-${name}
          LIBRARY COMPONENT ${name} ARCHIVE COMPONENT ${name})
  install(EXPORT pidmap-stress-${name} NAMESPACE pidmap_stress:: COMPONENT ${name}
          DESTINATION ${PIDMAP_STRESS_PACKAGE_DIR})
endfunction()

pidmap_stress_install(allocator)
# Benchmarks and tests of the allocator are not installed.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/allocator
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pidmap-stress
        COMPONENT allocator
        FILES_MATCHING PATTERN *.hpp
        PATTERN testing EXCLUDE PATTERN benchmarking EXCLUDE PATTERN mutants EXCLUDE)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/pidmap-stress-config.cmake.in
  ${PROJECT_BINARY_DIR}/pidmap-stress-config.cmake
  INSTALL_DESTINATION ${PIDMAP_STRESS_PACKAGE_DIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/pidmap-stress-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/pidmap-stress-config.cmake
              ${PROJECT_BINARY_DIR}/pidmap-stress-config-version.cmake
        DESTINATION ${PIDMAP_STRESS_PACKAGE_DIR}
        COMPONENT allocator)
