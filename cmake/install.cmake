# What `cmake --install` puts where on a host (GNUInstallDirs); the agent: guest/linux.
install(TARGETS transom transom-serve RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_SOURCE_DIR}/host/serve/transom-serve@.service ${CMAKE_SOURCE_DIR}/host/serve/transom-serve@.socket
  ${CMAKE_SOURCE_DIR}/host/serve/transom-serve-usb@.socket
  DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/host/cli/transom.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
# Group, directories, order against libvirt, and what AppArmor has to know.
set(PACKAGING ${CMAKE_SOURCE_DIR}/packaging)
install(FILES ${PACKAGING}/transom.sysusers DESTINATION lib/sysusers.d RENAME transom.conf)
install(FILES ${PACKAGING}/transom.tmpfiles DESTINATION lib/tmpfiles.d RENAME transom.conf)
install(FILES ${PACKAGING}/50-before-libvirt.conf DESTINATION lib/systemd/system/transom-serve@.socket.d)
foreach(kind socket service)
  install(FILES ${PACKAGING}/transom-serve@.user.${kind} DESTINATION lib/systemd/user RENAME transom-serve@.${kind})
endforeach()
install(FILES ${PACKAGING}/libvirt-qemu.apparmor DESTINATION /etc/apparmor.d/abstractions/libvirt-qemu.d RENAME transom)

# Debian's package: `cpack -G DEB` in a build directory whose prefix is /usr. Its dependencies are those that the programs link.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME transom)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Transom's authors <transom@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "shows a virtual machine in a window of its host, with low latency")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "acl, fonts-dejavu-core")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libvirt-daemon-system, qemu-system-x86")
set(CPACK_DEBIAN_PACKAGE_SECTION otherosfs)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PACKAGING}/debian/postinst ${PACKAGING}/debian/prerm ${PACKAGING}/debian/postrm)
include(CPack)
