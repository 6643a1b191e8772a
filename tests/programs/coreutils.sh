# GNU coreutils and their like: dynamic programs with glibc.

compare text sh script <<'S'
seq 1 100000 | sort -rn --parallel=2 | head -n 3; seq 1 100000 | shuf | sort -n | sha256sum
seq 1 20 | paste -d, - - - -; seq 1 10 | tac | nl | expand | head -n 2
printf 'b\na\nb\n' | sort | uniq -c | awk '{ print $1 $2 }'; seq 1 10 >ten; split -n l/3 ten part; wc -l part*
echo 'x y z' | cut -d' ' -f2 | tr y Y | tee copy; cat copy; seq 3 | factor; join copy copy
printf 'a\tb\n' | od -An -tx1; echo text | base64 | base64 -d | rev; fold -w 3 script | md5sum; numfmt --to=iec 1048576
S

compare files sh script <<'S'
mkdir -p a/b/c; echo x >a/b/c/f; cp -a a d; diff -r a d && echo same; mv d/b e; ls -R e | sed 's/ *$//'
ln e/c/f hard; ln -s e/c/f soft; stat -c '%n %F %h %s %a' hard soft; readlink -f soft | sed "s,$PWD,.,"
install -m 751 hard bin; stat -c %a bin; chmod u+s,g-x bin; stat -c %a bin; touch -d @1000000000 bin; stat -c %Y bin
rm -r a e; ls -1A; mktemp -d ./tmp.XXXXXX | wc -c; truncate -s 5M big; stat -c %s big; du --apparent-size big
dd if=/dev/zero of=z bs=1M count=3 status=none; sync z; cmp -n 3145728 z big && echo equal; shred -u z; ls z; df / | wc -l
mkfifo p; (echo in >p &); cat p; rmdir none; echo $?; ls /nowhere; echo $?; cp -r --reflink=auto tmp.* copied; ls -d copied
S

compare processes sh script <<'S'
timeout 0.2 sleep 10; echo $?; timeout -k 0.1 0.2 sh -c 'trap "" TERM; sleep 1; sleep 1'; echo $?
nice -n 5 nice; env -i A=1 env; nohup echo hup 2>/dev/null; sh -c 'echo $0 "$@"' one two
sleep 100 & kill -TERM $!; wait $!; echo $?; nproc | grep -c .; id -un; uname -s; pwd | grep -c .; stdbuf -oL echo buffered
seq 1 9 | xargs -P 3 -n 1 expr 2 '*' | sort -n | tail -n 1; true && ! false && echo logic; date -d @86400 +%F; tty
find . -name script -exec sh -c 'echo found' \; -exec wc -l {} +; env -S'A=b sh -c "echo ${HOME}"'; yes | head -n 100000 | wc -l
S

compare archives sh script <<'S'
mkdir t; seq 1 50000 >t/n; ln -s n t/l; mkdir t/e; chmod 700 t/e; touch -d @1500000000 t/n
tar -czf t.tgz t; tar -tzf t.tgz | sort; mkdir x; tar -xzf t.tgz -C x; diff -r t x/t && stat -c '%a %Y' x/t/e x/t/n | sed '1s/ .*//'
gzip -k t/n; gunzip -c t/n.gz | cmp - t/n && echo gzip; tar -cf - t | tar -tf - | wc -l; zcat t/n.gz | tail -n 1
S

compare searching sh script <<'S'
find /usr/bin -maxdepth 1 -name 'ba*' -type f | sort; find /usr/share/doc -maxdepth 1 | wc -l
grep -c root /etc/passwd; grep -rl Debian /etc/issue /etc/os-release | sort; ls /usr/lib | md5sum; ls -l /bin/sh | cut -c1-10
sed -n 1p /etc/debian_version; sha256sum /usr/bin/gcc /lib/x86_64-linux-gnu/libc.so.6; wc -c /usr/bin/perl; stat -c '%a %s' /etc/shadow
S

# What a guest writes stays in the guest; compare looks at the folder, this at the rest.
compare writes_everywhere sh script <<'S'
echo changed >script; rm script; mkdir sub; echo x >sub/x
for d in /etc /usr /var/tmp /root /tmp; do touch "$d/furca-wrote-this" 2>/dev/null && rm "$d/furca-wrote-this" && echo wrote $d; done
S
if [ -z "$PROGRAMS_NATIVE" ] && { [ -z "$only" ] || [ "$only" = host_untouched ]; }; then
    mkdir -p "$work/case"
    places="/etc/furca-left /usr/lib/furca-left /root/furca-left /var/tmp/furca-left /tmp/furca-left"
    clean timeout -k 5 "$limit" "$furca" run sh -c "for f in $places; do (echo x >\$f); done
        rm -f /etc/hostname; mv /etc/passwd /etc/group; chmod 777 /etc/shadow; cat /tmp/furca-left" \
        >"$work/guest.out" 2>"$work/guest.err"
    # shellcheck disable=SC2086 # a list of words
    left=$(ls $places 2>/dev/null)
    if [ "$(cat "$work/guest.out")" != x ]; then
        echo "not ok $family.host_untouched: not written in the guest: $(tail -n 2 "$work/guest.err" | paste -sd ' ')"
    elif [ -n "$left" ] || [ ! -s /etc/passwd ] || [ "$(stat -c %a /etc/shadow)" = 777 ]; then
        echo "not ok $family.host_untouched: the guest wrote to the host: $left"
    else
        echo "ok $family.host_untouched"
    fi
fi
