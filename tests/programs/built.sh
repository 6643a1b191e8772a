# Programs that the build made from the sources here: POSIX threads with glibc, shared and static, and with musl.

compare threads_glibc sh script <<'S'
"$tests/threads"
S

compare threads_static sh script <<'S'
"$tests/threads-static"
S

compare threads_musl sh script <<'S'
"$tests/threads-musl"
S

compare processes_musl sh script <<'S'
"$tests/processes-musl"
S

compare processes_glibc sh script <<'S'
"$tests/processes"
S
