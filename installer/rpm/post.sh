systemd-sysusers muster.conf >/dev/null 2>&1 || :
systemd-tmpfiles --create muster.conf >/dev/null 2>&1 || :
[ ! -d /run/systemd/system ] || systemctl daemon-reload >/dev/null 2>&1 || :
