# Has the application connect to a database that is not there yet: it waits up
# to a minute. Compiling the application takes longer than the server takes to
# start, so neither has to wait for the other to begin.
package AwaitDatabase;

use strict;
use warnings;

use DBI;
use Time::HiRes qw(sleep time);

# No socket, nobody listens, no such host name yet, and gone while it answered.
my %absent = map { $_ => 1 } 2002, 2003, 2005, 2013;

my $connect = \&DBI::connect;

no warnings 'redefine';
*DBI::connect = sub {
  my @arguments = @_;
  my $end = time + 60;
  while (1) {
    my $failed = 0;
    # What this may print is of no interest as long as there is time.
    my $dbh = do {
      local $SIG{__WARN__} = sub { };
      local $SIG{__DIE__}  = 'DEFAULT';
      my $got = eval { $connect->(@arguments) };
      $failed = !$got && $absent{$DBI::err || 0};
      $got;
    };
    return $dbh if $dbh;
    last unless $failed && time < $end;
    sleep 0.02;
  }
  return $connect->(@arguments);    # with the error that it has by itself
};

1;
