# What the program finds in the guest: this machine's files, the caller's surroundings, and nothing that it can spoil.
. "$(dirname "$0")/lib.bash"

mkdir -p "$dir/here/sub" && cd "$dir/here" || exit 1
echo content >file

expect relative-path 0 'content\n' run cat file
expect working-directory 0 "$dir/here\n" run pwd
expect working-directory-given 0 '/usr\n' run -w /usr pwd
expect working-directory-relative 0 "$dir/here/sub\n" run -w sub pwd
export FURCA_TEST_VARIABLE=caller
expect environment-inherited 0 'caller\n' run sh -c 'echo $FURCA_TEST_VARIABLE'
expect environment-replaced 0 'mine=x y\n' run -e 'FURCA_TEST_VARIABLE=mine=x y' \
    sh -c 'echo "$FURCA_TEST_VARIABLE"'
expect environment-empty-value 0 '[]\n' run -e HOME= sh -c 'echo "[$HOME]"'
mkdir bin && printf '#!/bin/sh\necho found\n' >bin/said && chmod +x bin/said
expect path-searched 0 'found\n' run -e PATH="$dir/here/bin:$PATH" said
expect arguments-exact 0 '<a b>\n<>\n<*>\n<\303\244>\n<-n>\n' run printf '<%s>\n' 'a b' '' '*' 'ä' -n
expect options-end 0 '-m\n' run -- echo -m
expect options-of-program 0 '-m --bare\n' run echo -m --bare
umask 027
expect umask 0 '0027\n' run sh -c umask
umask 022
expect user-is-caller 0 "$(id -u):$(id -g)\n" run sh -c 'echo $(id -u):$(id -g)'
expect root-of-host 0 "$(cat /etc/debian_version 2>/dev/null)\n" run sh -c 'cat /etc/debian_version'

expect write-is-private 0 'new\n' run sh -c "echo new >file; echo new >other; rm -r sub; mkdir made; cat file"
check write-does-not-reach-host "$(ls)" test "$(cat file)" = content -a ! -e other -a ! -e made -a -d sub
mkdir "$dir/share" "$dir/out-share" && echo shared >"$dir/share/file"
furca run -v "$dir/share:/mnt/shared" -v "$dir/out-share:/mnt/out:rw" \
    sh -c 'cat /mnt/shared/file; echo back >/mnt/out/file; mkdir /mnt/out/folder; echo no 2>/dev/null >/mnt/shared/new || echo refused' </dev/null
check share-read "$(cat "$dir/out")" test "$(head -n 1 "$dir/out")" = shared
check share-read-only "written" test ! -e "$dir/share/new"
check share-written "not there" test "$(cat "$dir/out-share/file" 2>/dev/null)" = back -a -d "$dir/out-share/folder"

mkdir -p "$dir/tree/bin" "$dir/tree/etc" && cp /bin/busybox "$dir/tree/bin/sh" 2>/dev/null
if [ -x "$dir/tree/bin/sh" ]; then
    echo other >"$dir/tree/etc/name" && ln -s /etc/name "$dir/tree/link"
    expect other-root 0 'other\nother\n' run --root "$dir/tree" sh -c 'read a </etc/name; echo $a; read a </link; echo $a'
    expect other-root-directory 0 '/\n' run --root "$dir/tree" sh -c pwd
else
    skip other-root 'busybox-static is not installed'
fi

if [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1; then
    expect other-user 0 "$(id -u nobody):$(id -g nobody) nobody\n" run -w / -u nobody sh -c 'echo $(id -u):$(id -g) $USER'
    expect other-user-number 0 '12345\n' run -w / -u 12345 sh -c 'id -u'
    expect other-user-may-not 0 'refused\n' run -w / -u nobody sh -c 'echo x 2>/dev/null >/etc/passwd- || echo refused'
fi

expect orphans-to-process-one 0 '1\n' run sh -c '(sh -c "sleep 0.3; cut -d\" \" -f4 /proc/\$\$/stat" &); sleep 0.8'
expect background-reaped 0 'done\n' run sh -c '(sleep 0.1 &) ; sleep 0.5; echo done'
expect devices 0 'ok\n' run sh -c 'test -c /dev/null -a -c /dev/zero -a -c /dev/urandom -a -d /dev/pts -a -d /dev/shm && echo ok'
expect proc 0 'sh\n' run sh -c 'cat /proc/$$/comm'
expect no-terminal 0 'none\n' run sh -c 'test -t 0 || test -t 1 || test -t 2 || echo none'
expect memory 0 'ok\n' run -m 300M sh -c 'read -r a b c </proc/meminfo; test $b -gt 200000 -a $b -lt 310000 && echo ok'
echo 'echo $((6 * 7)); exit 9' | furca shell
judge shell-from-pipe 9 '42\n'
