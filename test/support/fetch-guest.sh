#!/bin/sh
# Puts a small real Linux guest for the tests into a folder: a kernel and an initrd, from Debian's packages.
# Needs Debian and root; does nothing where both files are there.
set -eu

folder=${PAGEPIPE_GUEST_DIR:-$HOME/.cache/pagepipe/guest}
[ -s "$folder/vmlinuz" ] && [ -s "$folder/initrd.gz" ] && exit 0

DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends busybox-static cpio >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"

# the kernel: of its package only the one file, installed nowhere
cd "$work"
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
apt-get download -qq "$kernel" 2>/dev/null
dpkg-deb --fsys-tarfile "$kernel"_*.deb | tar -x --wildcards './boot/vmlinuz-*'
mv boot/vmlinuz-* "$folder/vmlinuz"

# the initrd: busybox, and an init that fills memory with text and noise and then rewrites the noise for ever
mkdir -p root/bin root/proc root/dev root/ram
cp /bin/busybox root/bin/busybox
cat > root/init <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t devtmpfs none /dev
mount -t tmpfs none /ram
cat /proc/kallsyms > /ram/text
dd if=/dev/urandom of=/ram/noise bs=1M count=3 2>/dev/null
echo LOADED
tick=0
while true; do
  tick=$((tick + 1))
  dd if=/dev/urandom of=/ram/noise bs=4k count=16 seek=$((tick * 16 % 700)) conv=notrunc 2>/dev/null
  echo "tick $tick"
done
INIT
chmod 755 root/init
(cd root && find . | cpio -o -H newc 2>/dev/null | gzip -9) > "$folder/initrd.gz"
echo "the Linux guest for the tests is in $folder"
