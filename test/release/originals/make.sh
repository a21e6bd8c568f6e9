#!/bin/sh
# Makes the releases of Node and the archive of Debian that originals.test.ts asks: two small files, each signed by a key that is gone
# when this ends. Run in an empty folder, with gpg and dpkg-deb.
set -eu
export GNUPGHOME="$PWD/gnupg" LC_ALL=C
mkdir -m 700 gnupg
# Long ago: what is signed in the future of some machine's clock is refused there.
old() { gpg --batch --quiet --faked-system-time 20200101T000000 "$@"; }
sign() { old --local-user "$1" --clearsign --output "$3" "$2"; }
for name in node debian stranger; do
  old --passphrase '' --quick-generate-key "$name" ed25519 sign never
done
gpg --export node > node.gpg
gpg --export debian > debian.gpg

dist=node/v24.0.0 name=node-v24.0.0-linux-x64
mkdir -p "$dist" "$name/bin"
echo 'Node of the tests' > "$name/bin/node"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cJf "$dist/$name.tar.xz" "$name"
(cd "$dist" && sha256sum "$name.tar.xz") > sums
sign node sums "$dist/SHASUMS256.txt.asc"
sign stranger sums "$dist/SHASUMS256.txt.asc.stranger"

pool=debian/pool/main/libx
mkdir -p "$pool" package/DEBIAN package/usr/lib/x86_64-linux-gnu
echo 'a library of the tests' > package/usr/lib/x86_64-linux-gnu/libx.so.1.0
ln -s libx.so.1.0 package/usr/lib/x86_64-linux-gnu/libx.so.1
printf '%s\n' 'Package: libx' 'Version: 1.0-1' 'Architecture: amd64' 'Maintainer: azid' 'Description: x' > package/DEBIAN/control
dpkg-deb --root-owner-group --build package "$pool/libx_1.0-1_amd64.deb" > /dev/null

packages() { # of a suite
  folder="$1/dists/$2"
  mkdir -p "$folder/main/binary-amd64"
  list="$folder/main/binary-amd64/Packages"
  : > "$list"
  if [ "$2" = bookworm ]; then
    deb="$pool/libx_1.0-1_amd64.deb"
    { cat package/DEBIAN/control; printf 'Filename: %s\nSize: %s\nSHA256: %s\n' "${deb#debian/}" "$(wc -c < "$deb")" "$(sha256sum "$deb" | cut -d ' ' -f 1)"; } > "$list"
  fi
  { printf '%s\n' 'Origin: Debian' "Suite: $2" "Codename: $2" 'Architectures: amd64' 'Components: main' 'Date: Wed, 01 Jan 2020 00:00:00 UTC' 'SHA256:'
    printf ' %s %s main/binary-amd64/Packages\n' "$(sha256sum "$list" | cut -d ' ' -f 1)" "$(wc -c < "$list")"; } > release
  sign debian release "$folder/InRelease"
}
packages debian bookworm
packages debian bookworm-updates
packages debian-security bookworm-security

gpgconf --kill all
rm -r gnupg "$name" package sums release
