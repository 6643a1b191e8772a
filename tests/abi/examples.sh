#!/bin/sh
# Runs every example of the tour and checks what it prints, line by line, in the order that it promises.
#
#     examples.sh DIRECTORY [COMMAND…]
#
# DIRECTORY holds the programs. COMMAND, if given, starts each of them: in the guest with
# "examples.sh build/examples build/furca run --bare --". One ok / not ok line per example, then the
# totals; exits 1 if one failed. Needs no root, but says more with it.
directory=$1
shift
passed=0
failed=0
output=$(mktemp)
expected=$(mktemp)
trap 'rm -f "$output" "$expected"' EXIT

# check NAME COMMAND…: each line of the output matches, as a whole, the extended regular expression on
# the same line of standard input, and there are no further lines. The last line is the exit status.
check() {
    name=$1
    shift
    cat >"$expected"
    echo "exit 0" >>"$expected"
    "$@" "$directory/$name" </dev/null >"$output" 2>/dev/null
    echo "exit $?" >>"$output"
    good=0
    [ "$(wc -l <"$output")" -eq "$(wc -l <"$expected")" ] || good=1
    while IFS= read -r pattern <&3 && IFS= read -r line <&4; do
        printf '%s\n' "$line" | grep -Eqx -e "$pattern" || good=1
    done 3<"$expected" 4<"$output"
    if [ $good -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok examples.$name"
    else
        failed=$((failed + 1))
        echo "not ok examples.$name: unexpected output"
        sed 's/^/    /' "$output"
    fi
}

check two_returns "$@" <<'END'
before: one process
child:  fork returned 0
parent: fork returned the child's id \(a positive number\)
parent: the child left with 7
END

check two_hellos "$@" <<'END'
hello
hello
flushed hello
END

check parent_waits "$@" <<'END'
child:  step 1
child:  step 2
child:  step 3
parent: child complete, status 3
parent: it was the child
parent: a second wait says: no child left
END

check same_address "$@" <<'END'
child:  after fork the value is 1, the same physical page
child:  after its write the value is 2, (another physical|an untold) page
parent: the value is still 1, the same physical page
END

check shared_offset "$@" <<'END'
child:  reads "forks"
child:  its own opening begins with "forks"
parent: goes on with " share"
END

check who_first "$@" <<'END'
of 1000 forks
  the parent was first: [0-9]+
  the child was first:  [0-9]+
END

check mini_shell "$@" <<'END'
\$ say one two three
one
two
three
\$ say one two three \| count
3 lines
\$ fail; echo \$\?
3
END

check prefork_server "$@" <<'END'
3 workers served 12 clients, 12 got the right answer
END

if [ "$(id -u)" -eq 0 ]; then
    check sandbox "$@" <<'END'
child:  read the parent's file   Bad file descriptor
child:  open /etc/passwd         No such file or directory
child:  become root              Operation not permitted
child:  take 1 GiB               Cannot allocate memory
child:  fork                     Resource temporarily unavailable
child:  signal its parent        Operation not permitted
parent: the child was ended by: Killed
END
else
    echo "skip examples.sandbox: needs root"
fi

check all_processors "$@" <<'END'
16 children, the right sum
END

check fork_cost "$@" <<'END'
the parent holds +fork +and exit
nothing more +[0-9.]+ us +[0-9.]+ us
16 MiB written +[0-9.]+ us +[0-9.]+ us
64 MiB written +[0-9.]+ us +[0-9.]+ us
256 MiB written +[0-9.]+ us +[0-9.]+ us
1,000 mappings +[0-9.]+ us +[0-9.]+ us
(1,000 files|fewer than 1,000 files) +[0-9.]+ us +[0-9.]+ us
END

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
