# What `cmake --install` puts where on a host (GNUInstallDirs); the agent: guest/linux.
install(TARGETS transom transom-serve RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_SOURCE_DIR}/host/serve/transom-serve@.service ${CMAKE_SOURCE_DIR}/host/serve/transom-serve@.socket
  ${CMAKE_SOURCE_DIR}/host/serve/transom-serve-usb@.socket
  DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/host/cli/transom.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
