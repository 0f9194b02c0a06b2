#!/usr/bin/env bash
# Cross-builds the libraries that muster needs on Windows, static, for x86_64-w64-mingw32, from Debian's source packages, and prints
# the folder they are in. What was built once is kept in ${XDG_CACHE_HOME:-~/.cache}/muster/windows and used by every clone, until this
# script, the toolchain file or the compiler changes. Five minutes on a quiet machine, ten on a busy one.
#
#   build-deps.sh           builds what is missing
#   build-deps.sh --where   only prints the folder; fails when it has not been built
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LC_ALL=C.UTF-8
unset CPPFLAGS CFLAGS CXXFLAGS LDFLAGS LIBS PKG_CONFIG_PATH

host=x86_64-w64-mingw32
cc=$host-gcc-posix cxx=$host-g++-posix ar=$host-gcc-ar-posix ranlib=$host-gcc-ranlib-posix
windows=-D_WIN32_WINNT=0x0A00  # Windows 10, Server 2016
jobs=${JOBS:-$(nproc)}
sources=(openssl openldap boost1.74 sqlite3 pugixml fmtlib spdlog curl nlohmann-json3 libxml2 libcsv howardhinnant-date libmicrohttpd zlib libarchive doctest tzdata)
steps=(fetch openssl openldap boost sqlite pugixml fmt spdlog json curl libxml2 csv date microhttpd zlib archive doctest tzdata)

command -v $cxx >/dev/null || { echo "build-deps: $cxx is missing; run .ci/install-deps" >&2; exit 1; }
stamp=$( (cat "${BASH_SOURCE[0]}" "$here/mingw.cmake" "$here"/*.patch; $cxx --version) 2>/dev/null | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/muster/windows
made=$cache/made  # always the same, so that ccache knows what was compiled against it
export MUSTER_WINDOWS_PREFIX=$made/prefix
if [ "${1:-}" = --where ]; then
  [ "$(cat "$made/.complete" 2>/dev/null)" = "$stamp" ] || { echo "build-deps: not built yet; run installer/windows/build-deps.sh" >&2; exit 1; }
  echo "$MUSTER_WINDOWS_PREFIX"
  exit 0
fi
src=$cache/src work=$made/work log=$made/log prefix=$MUSTER_WINDOWS_PREFIX
if command -v ccache >/dev/null; then launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache); else launcher=(); fi

# Source packages of the very Debian that this system has, by an apt of our own: this system's lists of packages stay as they are.
apt_of_our_own() {
  local apt=$cache/apt part
  mkdir -p "$apt/sources.list.d" "$apt/lists/partial" "$apt/archives/partial"
  if [ ! -e "$apt/.updated" ]; then
    rm -f "$apt/sources.list.d"/*
    for part in /etc/apt/sources.list.d/*.sources; do
      [ ! -e "$part" ] || ! grep -q debian.org "$part" || sed 's/^Types:.*/Types: deb-src/' "$part" >"$apt/sources.list.d/${part##*/}"
    done
    sed -nE 's/^deb (.*debian.*)/deb-src \1/p' /etc/apt/sources.list 2>/dev/null >"$apt/sources.list" || true
  fi
  options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/sources.list.d" -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt" -o "Dir::Cache::Archives=$apt/archives" -o APT::Sandbox::User=root)
  [ -e "$apt/.updated" ] || { apt-get "${options[@]}" update; touch "$apt/.updated"; }
}
# The newest version that the mirror has: a mirror may list one already that it does not have yet.
download() {
  local version
  for version in $(apt-cache "${options[@]}" showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -rV); do
    ! apt-get "${options[@]}" source --download-only "$1=$version" || return 0
    rm -f "$1"_*
  done
  echo "no source package of $1" >&2
  return 1
}
step_fetch() {
  local package
  mkdir -p "$src"
  cd "$src"
  for package in "${sources[@]}"; do
    if ! ls "$package"_*.complete >/dev/null 2>&1; then
      apt_of_our_own
      download "$package"
      touch "${package}_.complete"
    fi
    [ -d "$work/$package" ] || dpkg-source --no-copy --no-check -x "$package"_*.dsc "$work/$package"
  done
}
fresh() { rm -rf "$work/$1.b"; mkdir "$work/$1.b"; cd "$work/$1.b"; }
# by_cmake NAME SOURCE [OPTION...]
by_cmake() {
  local name=$1 source=$2
  shift 2
  rm -rf "$work/$name.b"
  cmake -G Ninja -S "$work/$source" -B "$work/$name.b" -DCMAKE_TOOLCHAIN_FILE="$here/mingw.cmake" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF ${launcher[@]+"${launcher[@]}"} "$@"
  cmake --build "$work/$name.b" -j "$jobs"
  cmake --install "$work/$name.b"
}

step_openssl() {
  fresh openssl
  ../openssl/Configure mingw64 --prefix="$prefix" --libdir=lib --openssldir='C:/ProgramData/muster/ssl' \
    no-shared no-tests no-dso no-engine no-legacy no-capieng CC=$cc AR=$ar RANLIB=$ranlib RC=$host-windres $windows
  make -j"$jobs" build_libs
  make install_dev
}
# liblber and libldap. What configure cannot find out when it crosses, it is told: regex.h is wanted by slapd only, memcmp works, and
# Winsock 2 is there although -lws2_32 is named already.
step_openldap() {
  rm -rf "$work/openldap.b"
  cp -a "$work/openldap" "$work/openldap.b"
  cd "$work/openldap.b"
  ./configure --host=$host --prefix="$prefix" --sysconfdir=/nonexistent --disable-slapd --disable-shared --enable-static \
    --without-cyrus-sasl --with-tls=openssl --with-yielding_select=yes --disable-syslog \
    CC=$cc AR=$ar RANLIB=$ranlib STRIP=$host-strip CFLAGS="-O2 -g1" CPPFLAGS="-I$prefix/include $windows" LDFLAGS="-L$prefix/lib" \
    LIBS="-lws2_32 -lcrypt32 -lgdi32 -luser32 -ladvapi32" \
    ac_cv_header_regex_h=yes ac_cv_search_regfree='none required' ol_cv_c_posix_regex=yes ol_cv_winsock=ws2_32 ac_cv_func_memcmp_working=yes
  grep -q 'define HAVE_WINSOCK2 1' include/portable.h
  make -C include
  make -C libraries/liblber liblber.la
  make -j"$jobs" -C libraries/libldap libldap.la
  cp libraries/liblber/.libs/liblber.a libraries/libldap/.libs/libldap.a "$prefix/lib/"
  cp include/{lber,lber_types,ldap,ldap_cdefs,ldap_features,ldap_schema,ldap_utf8,ldif,openldap}.h "$prefix/include/"
}
# The headers are those of libboost-dev, of the same version; never -I/usr/include, where glibc's are.
step_boost() {
  ln -sfn /usr/include/boost "$prefix/include/boost"
  fresh boost
  find "$work/boost1.74/libs/program_options/src" -name '*.cpp' ! -name winmain.cpp -print0 |
    xargs -0 -P "$jobs" -n 1 $cxx -std=c++20 -O2 $windows -DBOOST_PROGRAM_OPTIONS_STATIC_LINK=1 -DBOOST_ALL_NO_LIB "-I$prefix/include" -c
  $ar rcs "$prefix/lib/libboost_program_options.a" ./*.o
}
# Debian's source is not the amalgamation; tclsh and a native compiler make it.
step_sqlite() {
  fresh sqlite
  ../sqlite3/configure --disable-tcl --disable-readline
  make sqlite3.c
  $cc -O2 $windows -DSQLITE_THREADSAFE=1 -DSQLITE_DQS=0 -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_FTS5 -DSQLITE_OMIT_LOAD_EXTENSION -c sqlite3.c
  $ar rcs "$prefix/lib/libsqlite3.a" sqlite3.o
  cp sqlite3.h sqlite3ext.h "$prefix/include/"
}
step_pugixml() { by_cmake pugixml pugixml -DPUGIXML_BUILD_TESTS=OFF; }
step_fmt() { by_cmake fmt fmtlib -DFMT_TEST=OFF -DFMT_DOC=OFF; }
step_spdlog() { by_cmake spdlog spdlog -DSPDLOG_FMT_EXTERNAL=ON -DSPDLOG_BUILD_EXAMPLE=OFF -DSPDLOG_BUILD_TESTS=OFF; }
step_json() { by_cmake json nlohmann-json3 -DJSON_BuildTests=OFF; }
step_curl() {
  by_cmake curl curl -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DHTTP_ONLY=ON -DCURL_DISABLE_LDAP=ON -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF \
    -DCURL_ZSTD=OFF -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBPSL=OFF -DUSE_LIBIDN2=OFF -DUSE_WIN32_IDN=OFF -DUSE_NGHTTP2=OFF \
    -DCURL_USE_OPENSSL=ON -DCURL_USE_SCHANNEL=ON -DCURL_DEFAULT_SSL_BACKEND=openssl -DENABLE_UNICODE=OFF -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none
}
step_libxml2() {
  by_cmake libxml2 libxml2 -DLIBXML2_WITH_ICONV=OFF -DLIBXML2_WITH_LZMA=OFF -DLIBXML2_WITH_ZLIB=OFF -DLIBXML2_WITH_PYTHON=OFF -DLIBXML2_WITH_FTP=OFF -DLIBXML2_WITH_HTTP=OFF \
    -DLIBXML2_WITH_PROGRAMS=OFF -DLIBXML2_WITH_TESTS=OFF
}
step_csv() {
  fresh csv
  $cc -O2 -c ../libcsv/libcsv.c
  $ar rcs "$prefix/lib/libcsv.a" libcsv.o
  cp ../libcsv/csv.h "$prefix/include/"
}
# Windows has no IANA zones, so the library reads their source from the folder that comes with muster.
step_date() {
  for patch in "$here"/date-*.patch; do
    [ ! -e "$patch" ] || [ -e "$work/howardhinnant-date/.${patch##*/}" ] || patch -d "$work/howardhinnant-date" -p1 <"$patch"
    touch "$work/howardhinnant-date/.${patch##*/}"
  done
  by_cmake date howardhinnant-date -DBUILD_TZ_LIB=ON -DUSE_SYSTEM_TZ_DB=OFF -DMANUAL_TZ_DB=ON -DENABLE_DATE_TESTING=OFF
}
step_microhttpd() {
  fresh libmicrohttpd
  ../libmicrohttpd/configure --host=$host --prefix="$prefix" --disable-shared --enable-static --disable-https --disable-bauth --disable-dauth \
    --disable-postprocessor --disable-doc --disable-examples --disable-curl --disable-nls CC=$cc AR=$ar RANLIB=$ranlib CFLAGS="-O2" CPPFLAGS="$windows"
  make -j"$jobs" -C src/microhttpd
  make -C src/microhttpd install
  make -C src/include install
}
step_zlib() {
  fresh zlib
  for file in ../zlib/{adler32,crc32,deflate,infback,inffast,inflate,inftrees,trees,zutil,compress,uncompr}.c; do $cc -O2 -c "$file"; done
  $ar rcs "$prefix/lib/libz.a" ./*.o
  cp ../zlib/{zlib,zconf}.h "$prefix/include/"
}
# It builds a DLL, too, whatever it is told.
step_archive() {
  by_cmake archive libarchive -DENABLE_TEST=OFF -DENABLE_TAR=OFF -DENABLE_CPIO=OFF -DENABLE_CAT=OFF -DENABLE_OPENSSL=OFF -DENABLE_CNG=OFF \
    -DENABLE_LIBB2=OFF -DENABLE_LZ4=OFF -DENABLE_LZO=OFF -DENABLE_LZMA=OFF -DENABLE_ZSTD=OFF -DENABLE_BZip2=OFF -DENABLE_LIBXML2=OFF \
    -DENABLE_EXPAT=OFF -DENABLE_ICONV=OFF -DENABLE_WIN32_XMLLITE=OFF -DENABLE_PCREPOSIX=OFF -DENABLE_WERROR=OFF
  mv "$prefix/lib/libarchive_static.a" "$prefix/lib/libarchive.a"
  rm "$prefix"/lib/libarchive.dll.a "$prefix"/bin/libarchive.dll
}
step_doctest() { by_cmake doctest doctest -DDOCTEST_WITH_TESTS=OFF -DDOCTEST_WITH_MAIN_IN_STATIC_LIB=OFF; }
# Without the comments, which are half of it. The library does not start without the two other files; Windows' own names for zones
# are not used.
step_tzdata() {
  local file
  mkdir -p "$prefix/share/tzdata"
  for file in africa antarctica asia australasia backward etcetera europe northamerica southamerica; do
    sed -E 's/[[:space:]]*#.*//; /^$/d' "$work/tzdata/$file" >"$prefix/share/tzdata/$file"
  done
  cp "$work/tzdata/version" "$prefix/share/tzdata/version"
  printf '<mapTimezones otherVersion="" typeVersion="">\n</mapTimezones>\n' >"$prefix/share/tzdata/windowsZones.xml"
}

run() {
  local step=$1 start=$SECONDS status
  set +e  # in an `if`, set -e would not hold inside
  ( set -e; "step_$step" ) >"$log/$step.log" 2>&1 </dev/null
  status=$?
  set -e
  printf '%-10s %-7s %4d s\n' "$step" "$([ $status = 0 ] && echo ok || echo FAILED)" $((SECONDS - start)) >&2
  [ $status = 0 ] || { tail -n 30 "$log/$step.log" >&2; exit 1; }
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ "$(cat "$made/.complete" 2>/dev/null)" != "$stamp" ]; then
  [ "$(cat "$made/.stamp" 2>/dev/null)" = "$stamp" ] || rm -rf "$made"
  mkdir -p "$work" "$log" "$prefix"/{include,lib/pkgconfig,lib/cmake}
  echo "$stamp" >"$made/.stamp"
  for step in "${steps[@]}"; do
    [ -e "$made/.$step" ] || run "$step"
    touch "$made/.$step"
  done
  rm -rf "$work"
  echo "$stamp" >"$made/.complete"
fi
echo "$prefix"
