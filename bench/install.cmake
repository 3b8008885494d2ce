# What `cmake --install` puts where, and the Debian packages that `cpack -G DEB` makes of it:
#   program      squall, its scenarios, manual page and completions   -> squall_*.deb
#   development  the engine to link with, find_package(squall)        -> libsquall-dev_*.deb
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# ---- program ----------------------------------------------------------------------------------------

if(TARGET squall)
  install(TARGETS squall COMPONENT program)
  # The page and the completions come from the program itself, so that they cannot be behind it.
  install(CODE "
    set(squall \"$<TARGET_FILE:squall>\")
    set(pages \"${CMAKE_BINARY_DIR}/pages\")
    include(\"${CMAKE_SOURCE_DIR}/bench/install_pages.cmake\")" COMPONENT program)
endif()
install(DIRECTORY scenarios/ DESTINATION ${CMAKE_INSTALL_DATADIR}/squall/scenarios COMPONENT program
        FILES_MATCHING PATTERN "*.json" PATTERN models EXCLUDE)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/squall COMPONENT program)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libsquall-dev COMPONENT development)

# ---- engine -----------------------------------------------------------------------------------------

# Headers include each other as "engine/...", so they stay below one folder of their own.
set(installed_headers ${CMAKE_INSTALL_INCLUDEDIR}/squall)
set(installed_config ${CMAKE_INSTALL_LIBDIR}/cmake/squall)
foreach(layer base wire policy engine)
  set(target squall_${layer})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${layer})
  add_library(squall::${layer} ALIAS ${target})
  install(TARGETS ${target} EXPORT squall COMPONENT development
          INCLUDES DESTINATION ${installed_headers})
endforeach()
install(DIRECTORY engine DESTINATION ${installed_headers} COMPONENT development
        FILES_MATCHING PATTERN "*.h" PATTERN gateway EXCLUDE)
install(EXPORT squall FILE squallTargets.cmake NAMESPACE squall:: DESTINATION ${installed_config}
        COMPONENT development)
configure_package_config_file(bench/squallConfig.cmake.in ${CMAKE_BINARY_DIR}/squallConfig.cmake
                              INSTALL_DESTINATION ${installed_config})
# Before 1.0 any minor version may change what it likes.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/squallConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/squallConfig.cmake ${CMAKE_BINARY_DIR}/squallConfigVersion.cmake
        DESTINATION ${installed_config} COMPONENT development)

# ---- Debian packages --------------------------------------------------------------------------------

set(SQUALL_MAINTAINER "squall developers <squall@invalid>" CACHE STRING "Whom a package names")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT ${SQUALL_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME squall)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS libpq5)  # loaded where a record is in PostgreSQL
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "The command: mock providers that fail on purpose, a recovery\
 engine that runs against them, and reports that say what share of the faults it recovered.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsquall-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libboost1.81-dev | libboost-dev (>= 1.81), libabsl-dev,\
 libsimdjson-dev, nlohmann-json3-dev, libre2-dev, libssl-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "The recovery engine to link with: headers, static\
 libraries and a CMake package (find_package(squall), squall::engine).")
include(CPack)
