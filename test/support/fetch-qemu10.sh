#!/bin/sh
# Makes a folder with a small Debian 13 that has QEMU 10, for x86 and ARM: a minute, 500 MB. Needs root and debootstrap.
# Tests run that QEMU by the folder's own loader and libraries; nothing is installed on this machine.
set -eu
folder=${PAGEPIPE_TRIXIE_DIR:-$HOME/.cache/pagepipe/trixie}
if [ -x "$folder/usr/bin/qemu-system-x86_64" ] && [ -x "$folder/usr/bin/qemu-system-aarch64" ]; then
  echo "QEMU 10 is in $folder"
  exit 0
fi
if ! command -v debootstrap >/dev/null; then
  echo "debootstrap is missing; on Debian: apt-get install debootstrap" >&2
  exit 1
fi
mkdir -p "$(dirname "$folder")"
rm -rf "$folder.part"
trap 'rm -rf "$folder.part"' EXIT INT TERM
if ! debootstrap --variant=minbase --include=qemu-system-x86,qemu-system-arm trixie "$folder.part" >"$folder.log" 2>&1; then
  tail -3 "$folder.log" >&2
  echo "debootstrap failed; its whole output is in $folder.log" >&2
  exit 1
fi
rm -f "$folder.log"
rm -rf "$folder.part/var/cache/apt/archives"
# an older one may lack QEMU for ARM
rm -rf "$folder"
mv "$folder.part" "$folder"
echo "QEMU 10 is in $folder"
