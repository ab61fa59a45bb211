if printf '' 2>/dev/null; then p() { printf '%s %s\n' "$1" "$2"; }; else p() { print -r -- "$1 $2"; }; fi
has() { command -v "$1" >/dev/null 2>&1; }
first() { v=; if [ -r "$1" ]; then IFS= read -r v <"$1"; fi 2>/dev/null; [ -n "$v" ]; }
all() { if [ -r "$2" ]; then while IFS= read -r v || [ -n "$v" ]; do p "$1" "$v"; done <"$2"; fi 2>/dev/null; }
from() { v=$("$@" 2>/dev/null </dev/null); [ -n "$v" ]; }
node() { from uname -n || first /proc/sys/kernel/hostname || from hostname; }
f_hostname() { node && p hostname "$v"; }
f_fqdn() { { from hostname -f || node; } && p fqdn "$v"; }
f_os() {
  if [ -r /etc/os-release ]; then all os /etc/os-release; else all os /usr/lib/os-release; fi
  { from uname -s || first /proc/sys/kernel/ostype; } && p system "$v"
}
f_kernel() { { from uname -r || first /proc/sys/kernel/osrelease; } && p kernel "$v"; }
f_arch() { { from uname -m || first /proc/sys/kernel/arch; } && p arch "$v"; }
f_cpus() {
  if from getconf _NPROCESSORS_ONLN || from nproc || from sysctl -n hw.ncpu; then p cpus "$v"; else all cpuinfo /proc/cpuinfo; fi
}
f_memory() { if [ -r /proc/meminfo ]; then all memory /proc/meminfo; else from sysctl -n hw.physmem && p physmem "$v"; fi; }
f_disks() {
  [ -r /proc/mounts ] || return 0
  set --
  while read -r dev mount type _; do
    case $dev:$mount:$type in /dev/loop*|*:squashfs) continue ;; /dev/*|*:/:*|*:zfs) ;; *) continue ;; esac
    case $mount in *\\*) p disk "$dev $mount $type"; continue ;; esac
    [ -d "$mount" ] || continue
    p disk "$dev $mount $type"
    set -- "$@" "$mount"
  done </proc/mounts
  [ $# -eq 0 ] || LC_ALL=C df -kP "$@" 2>/dev/null | while IFS= read -r v; do p df "$v"; done
}
f_addresses() {
  if v=$(LC_ALL=C ip -o addr show 2>/dev/null) && [ -n "$v" ]; then
    while IFS= read -r v; do p ip "$v"; done <<__END
$v
__END
  elif v=$(LC_ALL=C ifconfig -a 2>/dev/null) && [ -n "$v" ]; then
    while IFS= read -r v; do p ifconfig "$v"; done <<__END
$v
__END
  else
    all trie /proc/net/fib_trie
    all inet6 /proc/net/if_inet6
  fi
}
f_init() {
  if [ -d /run/systemd/system ]; then p init systemd
  elif [ -e /run/openrc/softlevel ] || [ -d /run/openrc/started ]; then p init openrc
  elif first /proc/1/comm || from ps -p 1 -o comm=; then p init "$v"; fi
}
f_package_manager() {
  for v in apt-get:apt dnf:dnf yum:yum zypper:zypper apk:apk pacman:pacman xbps-install:xbps emerge:portage opkg:opkg pkg:pkg pkg_add:pkg_add; do
    if has "${v%%:*}"; then p package_manager "${v#*:}"; return 0; fi
  done
}
f_users() { all user /etc/passwd; }
f_virtualization() {
  if from systemd-detect-virt; then p virtualization "$v"; return 0; fi
  if [ -e /.dockerenv ]; then p virtualization docker; return 0; fi
  if [ -e /run/.containerenv ]; then p virtualization podman; return 0; fi
  if [ -d /proc/vz ] && ! [ -d /proc/bc ]; then p virtualization openvz; return 0; fi
  first /run/systemd/container && { p virtualization "$v"; return 0; }
  for f in sys_vendor product_name bios_vendor; do first /sys/class/dmi/id/$f && p dmi "$v"; done
  first /sys/hypervisor/type && p hypervisor "$v"
  while IFS= read -r v; do
    case $v in flags*|Features*) case " $v " in *" hypervisor "*) p cpu hypervisor ;; *) p cpu plain ;; esac; break ;; esac
  done 2>/dev/null </proc/cpuinfo
}
