if [ -d /run/systemd/system ]; then
  systemctl daemon-reload >/dev/null 2>&1 || :
  # An upgrade: what ran goes on with the new program.
  if [ "$1" -ge 1 ]; then systemctl try-restart muster.service >/dev/null 2>&1 || :; fi
fi
