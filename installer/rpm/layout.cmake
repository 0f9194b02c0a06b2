# Run by CPack before it makes a package: what is elsewhere on Fedora.
if(CPACK_GENERATOR STREQUAL "RPM")
  set(zsh ${CPACK_TEMPORARY_DIRECTORY}/usr/share/zsh)
  file(MAKE_DIRECTORY ${zsh}/site-functions)
  file(RENAME ${zsh}/vendor-completions/_muster ${zsh}/site-functions/_muster)
  file(REMOVE_RECURSE ${zsh}/vendor-completions)
endif()
