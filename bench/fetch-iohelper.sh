#!/bin/sh
# Makes a folder with Debian's libvirt_iohelper and the libraries it wants: 8 MB, nothing is installed or configured.
set -eu
folder=${PAGEPIPE_LIBVIRT_DIR:-$HOME/.cache/pagepipe/libvirt}
if [ -x "$folder/usr/lib/libvirt/libvirt_iohelper" ]; then
  echo "libvirt_iohelper is in $folder"
  exit 0
fi
mkdir -p "$(dirname "$folder")"
rm -rf "$folder.part"
trap 'rm -rf "$folder.part"' EXIT INT TERM
mkdir "$folder.part"
cd "$folder.part"
apt-get download libvirt-daemon libvirt0 libyajl2 libssh-4
for package in *.deb; do dpkg -x "$package" .; done
rm -f ./*.deb
mv "$folder.part" "$folder"
echo "libvirt_iohelper is in $folder"
