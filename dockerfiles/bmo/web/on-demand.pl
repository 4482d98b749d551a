#!/usr/bin/perl
# on-demand.pl PORT PROGRAM [ARGUMENT ...]
#
# Listens on PORT, and becomes PROGRAM when somebody connects, who waits in the
# backlog until PROGRAM accepts. Of the arguments, {fd} stands for the number of
# the listening socket. A service that few tests use costs a start a tenth of
# its time then, and nobody has to ask for it.
use strict;
use warnings;
use Socket qw(AF_INET INADDR_ANY SOCK_STREAM SOL_SOCKET SO_REUSEADDR pack_sockaddr_in);

my ($port, @program) = @ARGV;
die "usage: on-demand.pl PORT PROGRAM [ARGUMENT ...]\n" unless @program;

# The first process of a container ignores what it does not handle.
$SIG{TERM} = $SIG{INT} = sub { exit 0 };

$^F = 255;    # sockets stay open in PROGRAM
socket my $listener, AF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
setsockopt $listener, SOL_SOCKET, SO_REUSEADDR, 1 or die "socket option: $!\n";
bind $listener, pack_sockaddr_in($port, INADDR_ANY) or die "port $port: $!\n";
listen $listener, 128 or die "listen: $!\n";

my $bits = '';
vec($bits, fileno $listener, 1) = 1;
1 until select(my $ready = $bits, undef, undef, undef) > 0;

$SIG{TERM} = $SIG{INT} = 'DEFAULT';
s/\{fd\}/fileno $listener/e for @program;
exec { $program[0] } @program or die "$program[0]: $!\n";
