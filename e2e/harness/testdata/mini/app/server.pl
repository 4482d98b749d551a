# Answers every request with a greeting from files. MINI_FAULT is what goes
# wrong once the bootstrap is over, which an address of its own tells:
#   deaf      listens, and answers nothing
#   stubborn  ignores SIGTERM
#   ill       answers with an error
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;
my $fault = ($ENV{MINI_INSTANCE} // '') =~ /bootstrap/ ? '' : $ENV{MINI_FAULT} // '';
$SIG{TERM} = $fault eq 'stubborn' ? 'IGNORE' : sub { exit 0 };
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 16, ReuseAddr => 1) or die "port 8000: $!\n";
print "serving\n";
while (1) {
  my $client = $server->accept or next;
  sleep 1 while $fault eq 'deaf';
  while (my $line = <$client>) { last if $line =~ /^\r?\n$/ }
  my $body = join '', 'hello', map { slurp($_) } sort glob '/srv/shared/* /srv/optional/* /srv/first-run';
  my $status = '200 OK';
  ($status, $body) = ('500 Internal Server Error', 'no such table: bugs') if $fault eq 'ill';
  print {$client} "HTTP/1.1 $status\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
  close $client;
}

sub slurp {
  my ($file) = @_;
  open my $in, '<', $file or die "$file: $!\n";
  local $/;
  return " $file=" . <$in>;
}
