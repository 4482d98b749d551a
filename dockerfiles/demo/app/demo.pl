#!/usr/bin/perl
# A small bug tracker, which keeps what it knows in MySQL.
#
#   demo.pl bootstrap                  the first run: schema, administrator, API key
#   demo.pl daemon -l 'http://*:8000'  serves until SIGTERM, then exits with 0
#
# Configuration is environment only:
#
#   DEMO_db_host, DEMO_db_port (3306), DEMO_db_name, DEMO_db_user, DEMO_db_pass
#   DEMO_urlbase       the address that its own links carry; pages that are asked
#                      for at another host are redirected there
#   DEMO_admin_login, DEMO_admin_password, DEMO_admin_api_key    for bootstrap
#
# It fails on request, to be a fixture for what starts, watches and stops it:
# lib/Demo/Faults.pm lists the switches.
use v5.36;

# The first process of a container has no default action on a signal. Until the
# server has its own: a server that is told to stop has stopped, a first run has not.
BEGIN {
  $SIG{TERM} = $SIG{INT} = sub { exit(($ARGV[0] // '') eq 'daemon' ? 0 : 143) };
}

use FindBin ();
use lib "$FindBin::Bin/lib";
use Mojolicious::Commands;

$| = 1;
Mojolicious::Commands->start_app('Demo');
