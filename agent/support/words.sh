#!/bin/sh
# words.sh HEADER SOURCE...: the words of the texts in the sources, as a C++ header. Words with a capital letter first could be names, so
# they are left out; LDAP, entryUUID and the like stay. HEADER is not touched when it says the same already.
set -eu
header=$1
shift
LC_ALL=C
export LC_ALL
{
  echo "// Made of the sources by agent/support/words.sh."
  echo "constexpr const char* kOwnWords[] = {"
  awk '
    /^[ \t]*(#|\/\/)/ { next }
    {
      while (match($0, /"([^"\\]|\\.)*"/)) {
        text = substr($0, RSTART + 1, RLENGTH - 2)
        $0 = substr($0, RSTART + RLENGTH)
        gsub(/\\./, " ", text)
        n = split(text, part, /[^A-Za-z]+/)
        for (i = 1; i <= n; i++) if (part[i] ~ /^([a-z][A-Za-z]*|[A-Z][A-Z]+)$/ && length(part[i]) < 30) print "\"" part[i] "\","
      }
    }' "$@" | sort -u
  echo "};"
} >"$header.new"
if cmp -s "$header.new" "$header"; then rm "$header.new"; else mv "$header.new" "$header"; fi
