# Perl: fork, pipe opens, signals, sockets.

compare fork perl script <<'S'
$| = 1;
my %code;
for my $i (1 .. 10) { my $pid = fork // die; if (!$pid) { select undef, undef, undef, 0.01 * (11 - $i); exit $i } $code{$pid} = $i }
while ((my $pid = wait) > 0) { die "wrong" if $? >> 8 != $code{$pid}; $sum += $? >> 8 }
print "sum $sum\n";
my $pid = fork; if (!$pid) { kill 'KILL', $$ } waitpid $pid, 0; print "signal ", $? & 127, "\n";
print "value ", ($x = 1, fork) ? do { wait; "parent $x\n" } : do { $x = 2; exit 0 };
S

compare pipe_opens perl script <<'S'
open my $in, '-|', 'seq', 1, 2000 or die; my $sum = 0; $sum += $_ while <$in>; close $in; print "sum $sum\n";
$| = 1; open my $out, '|-', 'sort -n | tail -n 1' or die; print $out "$_\n" for 1 .. 3000; close $out; print "closed $?\n";
my $pid = open my $child, '-|'; defined $pid or die;
if (!$pid) { print "in the child\n" x 3; exit 4 }
my @lines = <$child>; close $child; print scalar(@lines), ' lines, status ', $? >> 8, "\n";
print `echo backticks; exit 2`, $? >> 8, "\n"; print system('exit 3') >> 8, "\n"; print system({'sh'} 'other', '-c', 'echo $0') , "\n";
pipe my $r, my $w; if (!fork) { close $r; syswrite $w, 'x' x 200000; exit } close $w; local $/; print length(<$r>), "\n"; wait;
open my $none, '-|', 'no-such-program-here' or print "cannot: $!\n";
S

compare signals_and_files perl script <<'S'
use POSIX; use IO::Handle; $| = 1;
$SIG{ALRM} = sub { print "alarm\n" }; alarm 1; pause; $SIG{CHLD} = sub { $n++ while waitpid(-1, WNOHANG) > 0 };
fork or exit for 1 .. 5; select undef, undef, undef, 0.02 while $n < 5; print "reaped $n\n"; $SIG{CHLD} = 'DEFAULT';
eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 1; sleep 10; 1 } or print "eval: $@";
open my $f, '+>', 'file'; print $f "$_\n" for 1 .. 100; seek $f, 0, 0; my @l = <$f>; print scalar(@l), "\n"; flock $f, 2; truncate $f, 10; print -s $f, "\n";
opendir my $d, '.'; print join(' ', sort grep !/^\./, readdir $d), "\n"; mkdir 'd', 0750; printf "%o\n", (stat 'd')[2] & 07777; rename 'file', 'd/file'; print -e 'd/file', "\n";
print POSIX::setsid() > 0 ? "" : "no ", "session\n" if !fork; wait; my @t = times; print @t + 0, "\n"; print join(',', (getpwuid 0)[0, 7]), "\n";
S

compare sockets perl script <<'S'
use Socket; use IO::Select; $| = 1;
socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die; if (!fork) { close $a; while (sysread $b, my $x, 100) { syswrite $b, uc $x } exit } close $b;
for my $w (qw(one two three)) { syswrite $a, $w; sysread $a, my $x, 100; print "$x\n" } close $a; wait;
socket my $s, AF_UNIX, SOCK_STREAM, 0 or die; bind $s, sockaddr_un('sock') or die; listen $s, 5;
for my $i (1 .. 3) { if (!fork) { socket my $c, AF_UNIX, SOCK_STREAM, 0; connect $c, sockaddr_un('sock') or die; syswrite $c, "client"; exit } }
for (1 .. 3) { accept my $c, $s; sysread $c, my $x, 100; print "$x\n" } 1 while wait > 0; print -S 'sock' ? "socket\n" : "none\n";
S
