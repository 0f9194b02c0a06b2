# Run by CPack before it makes the package that tests upgrade to: its example is another one.
file(APPEND ${CPACK_TEMPORARY_DIRECTORY}/etc/muster/muster.xml "<!-- A newer example. -->\n")
