# The package: find_package(pidmap-stress CONFIG), target pidmap_stress::allocator.

include(CMakePackageConfigHelpers)

set(PIDMAP_STRESS_PACKAGE_DIR ${CMAKE_INSTALL_DATADIR}/cmake/pidmap-stress)

install(TARGETS pidmap_stress_allocator EXPORT pidmap-stress-targets)
install(EXPORT pidmap-stress-targets NAMESPACE pidmap_stress::
        DESTINATION ${PIDMAP_STRESS_PACKAGE_DIR})
# Benchmarks and tests of the allocator are not installed.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/allocator
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pidmap-stress
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
        DESTINATION ${PIDMAP_STRESS_PACKAGE_DIR})
