#!/bin/sh
# Makes the namespaces it is started in a machine of their own and becomes systemd in them.
# systemd-boot.sh UNITS PROGRAMS KEPT...
# UNITS, PROGRAMS: folders that become /etc/systemd/system and /usr/local/sbin; KEPT: folders that stay as they are.
set -e
units=$1 programs=$2
shift 2
# Where the private file systems are made: it must not be under one of the folders that they hide.
root=/mnt
mount --make-rprivate /
mount -t tmpfs -o mode=755 deputy-lab "$root"
mkdir -p "$root/var/lib" "$root/var/log" "$root/run" "$root/dev/pts" "$root/dev/shm"
mkdir -m 1777 "$root/tmp" "$root/var/tmp"

# Folders of the host that would be hidden by the private ones are bound into them.
for kept; do
  case $kept in
    /tmp/* | /var/* | /run/* | /dev/*) mkdir -p "$root$kept" && mount --rbind "$kept" "$root$kept" ;;
  esac
done

# A /dev of its own, since systemd makes links there and the host's devtmpfs is one for all.
while read -r name major minor; do mknod -m 666 "$root/dev/$name" c "$major" "$minor"; done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
ln -s /run "$root/var/run"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t devpts -o newinstance,ptmxmode=666 deputy-lab "$root/dev/pts"

umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# systemd raises limits of the whole kernel at its start.
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind "$units" /etc/systemd/system
mount --bind "$programs" /usr/local/sbin
for name in run var tmp dev; do mount --rbind "$root/$name" "/$name"; done
umount -l "$root"

# 'container' keeps it from the clock, kernel modules and the like; without the capabilities it couldn't anyway.
exec env -i container=deputy-lab PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  SYSTEMD_UNIT_PATH=/etc/systemd/system setpriv \
  --bounding-set=-sys_time,-sys_boot,-sys_module,-sys_rawio,-audit_control,-mac_admin,-mac_override,-syslog \
  /lib/systemd/systemd --unit=multi-user.target --log-target=journal --show-status=no --crash-shell=no
