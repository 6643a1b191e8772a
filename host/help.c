/*
 * The text of `furca help`.
 */
#include "options.h"

#include <stdio.h>

static const char help[] =
    "furca run [options] [--] PROGRAM [ARGUMENT...]   run a program of this machine in a microVM\n"
    "furca shell [options]                            an interactive shell in the guest\n"
    "furca bench                                      the comparison with Linux\n"
    "furca doctor                                     what is here, what is missing, how to mend "
    "it\n"
    "\n"
    "The guest sees this machine's files; what it writes stays in its memory and is gone at its "
    "end.\n"
    "The exit status is the program's own, 128+N when signal N ended it, 124 when the time was "
    "up,\n"
    "125 when furca failed, 126 when PROGRAM cannot be executed, 127 when it was not found.\n"
    "\n"
    "  -m, --memory SIZE       memory of the guest, for example 512M or 4G (default 2G)\n"
    "  -c, --cpus NUMBER       CPUs of the guest (default 1)\n"
    "  -e, --env NAME=VALUE    set an environment variable of the program\n"
    "  -w, --workdir DIR       the program's working directory (default: this one)\n"
    "  -u, --user USER         run as this user, a name of this machine or a number\n"
    "  -v, --volume HOST:GUEST[:rw]  share a folder; with rw what the guest writes there is kept\n"
    "      --root DIR          the guest's root is this tree instead of /\n"
    "      --timeout SECONDS   end the guest after this time, with status 124\n"
    "      --bare              pack only PROGRAM, its libraries and what -f names; nothing else is "
    "there\n"
    "  -f, --file HOSTPATH[:GUESTPATH]  with --bare: pack this file or folder too\n"
    "      --icount            the deterministic machine: its clock counts instructions; implies "
    "--bare\n"
    "      --fork-depth DEPTH  how deep fork copies: root (default), tables or pages\n"
    "      --append ARGUMENTS  further arguments for the kernel\n"
    "      --accel HOW         auto (default), kvm or tcg\n"
    "      --strace            show each system call on standard error\n"
    "      --missing           at the end, list the system calls that the kernel does not have\n"
    "      --log FILE          write the kernel's log to a file, or with - to standard error\n"
    "  -V, --verbose           say what furca does and how long it takes\n"
    "\n"
    "On a terminal Ctrl-C and Ctrl-Z go to the program; Ctrl-] three times within a second ends "
    "the guest.\n";

void options_help(void)
{
    fputs(help, stdout);
}
