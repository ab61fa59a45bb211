# Runs a program in the sandbox of a host: sh enter FOLDER NAME PROGRAM ARGUMENT...
# FOLDER has `etc`, a copy of this machine's, and `hosts`, a folder for each sandbox, made when it is first entered.
# The mounts, the processes and the network of a sandbox end with the program.
set -u
umask 022
# An ordinary user's may lack what only root needs elsewhere.
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin
fail() { printf '%s\n' "$1" >&2; exit 126; }

# What other users' programs must not be able to do, whoever they are: mount, load modules, trace, make devices, open by handle.
keep=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+audit_write,+setfcap

make() {
    new=$(mktemp -d "$base/hosts/.new.XXXXXX") && chmod 755 "$new" || fail "no folder in $base"
    (cd "$new" && mkdir -p tmp dev/shm dev/pts proc sys run/lock srv opt home mnt media boot usr \
        var/cache var/lib var/log var/mail var/opt var/spool var/tmp && chmod 1777 tmp var/tmp dev/shm run/lock) || fail "no folders in $new"
    mkdir -m 700 "$new/root"
    ln -s /run "$new/var/run"; ln -s /run/lock "$new/var/lock"
    for link in fd: stdin:/0 stdout:/1 stderr:/2; do ln -s "/proc/self/fd${link#*:}" "$new/dev/${link%%:*}"; done
    for device in null zero full random urandom tty; do : >"$new/dev/$device"; done
    for path in /bin /sbin /lib* /nix /gnu; do
        if test -L "$path"; then ln -s "$(readlink "$path")" "$new$path"
        elif test -d "$path"; then mkdir "$new$path"; fi
    done
    cp -a "$base/etc" "$new/etc" || fail "the copy of /etc can't be copied"
    # A copied link leads to this machine's own file.
    hosts=$(cat /etc/hosts 2>/dev/null)
    rm -f "$new/etc/hostname" "$new/etc/hosts"
    printf '%s\n' "$name" >"$new/etc/hostname" && printf '%s\n127.0.1.1 %s\n' "$hosts" "$name" >"$new/etc/hosts" || fail "/etc can't be written"
    # Another channel to the host may have been first.
    if mkdir "$base/hosts/$name.lock" 2>/dev/null; then mv "$new" "$root"; else rm -rf "$new"; fi
}

# Makes every mount at and below a path read-only. What the kernel locked in it must be said again.
seal() {
    sealed=
    while read -r _ _ _ _ at options _; do
        # A blank is written `\040`.
        case $at in *\\*) at=$(printf '%b' "$at") ;; esac
        case $at in "$1"|"$1"/*) ;; *) continue ;; esac
        flags=remount,bind,ro
        for flag in nosuid nodev noexec; do case ,$options, in *,"$flag",*) flags=$flags,$flag ;; esac; done
        mount -o "$flags" "$at" || fail "$at can't be made read-only"
        sealed=yes
    done </proc/self/mountinfo
    test "$sealed" || fail "$1 is not among the mounts"
}

mounts() {
    mount --bind "$root" "$root" || fail "the folder can't be mounted"
    for path in /usr /bin /sbin /lib* /nix /gnu; do
        if test -d "$path" && ! test -L "$path"; then mount --rbind "$path" "$root$path" || fail "$path can't be mounted"; seal "$root$path"; fi
    done
    for device in null zero full random urandom tty; do
        test -e "/dev/$device" || continue
        mount --bind "/dev/$device" "$root/dev/$device" || fail "/dev/$device can't be mounted"
        # Of a device this keeps its mode and owner; it can be written all the same.
        seal "$root/dev/$device"
    done
    # Where a container hides parts of /proc, no other may be mounted beside it.
    if mount -t proc -o ro,nosuid,nodev,noexec proc "$root/proc" 2>/dev/null; then :
    else mount --rbind /proc "$root/proc" || fail "/proc can't be mounted"; seal "$root/proc"; fi
}

inside() {
    # Only folders that the sandbox can't write: what is found there runs before its rights are taken.
    PATH=/usr/sbin:/usr/bin:/sbin:/bin
    ip link set lo up 2>/dev/null
    hostname "$name" 2>/dev/null || { printf '%s' "$name" >/proc/sys/kernel/hostname; } 2>/dev/null
    mounts
    cd "$root" && pivot_root . mnt && cd / || fail "pivot_root failed"
    umount -l /mnt || fail "the machine's own files can't be left"
}

# Who is root needs none of the programs that change the user: what a lane under another user puts in front of its shell is read here.
change_user() {
    user=root
    case ${1-}/${2-}/${3-} in
        env/LC_ALL=C/su) user=$6; wanted=$5; shift 7; set -- "$wanted" -c "$@" ;;
        env/LC_ALL=C/sudo | doas/*)
            while test $# -gt 0; do
                case $1 in -u) user=$2; shift 2 ;; -p) shift 2 ;; --) shift; break ;; *) shift ;; esac
            done ;;
    esac
    uid=
    while IFS=: read -r login _ number group _ home shell; do
        if test "$login" = "$user"; then uid=$number gid=$group; break; fi
    done </etc/passwd
    if test "$user" = root; then uid=0 gid=0 home=/root; fi
    test "$uid" || fail "unknown user $user"
    path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    if test "$uid" = 0; then
        exec setpriv --bounding-set="$keep" env -i PATH=$path HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/sh "$@"
    fi
    if ! setpriv --reuid "$uid" --regid "$gid" --init-groups true 2>/dev/null; then
        fail "there is no user but root in a sandbox of an ordinary user; root can test \`become: $user\`"
    fi
    exec setpriv --reuid "$uid" --regid "$gid" --init-groups --bounding-set="$keep" \
        env -i PATH=$path HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/sh "$@"
}

case $1 in
    --inside) base=$2 name=$3; shift 3; root=$base/hosts/$name; inside; change_user "$@" ;;
    *)
        base=$1 name=$2; shift 2
        root=$base/hosts/$name
        for program in unshare setpriv pivot_root mount umount mktemp; do
            command -v "$program" >/dev/null || fail "there is no program \`$program\`"
        done
        test -d "$root" || make
        # Who made it first may not be done.
        tries=0
        until test -d "$root"; do
            tries=$((tries + 1)); test $tries -le 50 || fail "the sandbox of $name is not made"
            sleep 0.1
        done
        as=
        test "$(id -u)" = 0 || as='--user --map-root-user'
        exec unshare $as --mount --pid --fork --kill-child --uts --ipc --net /bin/sh "$0" --inside "$base" "$name" "$@" ;;
esac
