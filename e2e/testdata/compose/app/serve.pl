# Answers every request with what is in /srv/up, one file a line: mode, owner, group, time, name, target, content.
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;
open my $key, '<', '/run/secrets/key' or die "no secret: $!\n";
die "not the secret\n" unless <$key> =~ /^the-secret-of-.*\n$/;
$SIG{TERM} = sub { exit 0 };
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 16, ReuseAddr => 1) or die "port 8000: $!\n";
while (1) {
  my $client = $server->accept or next;
  while (my $line = <$client>) { last if $line =~ /^\r?\n$/ }
  my $body = "hello\n" . join '', map { describe($_) } '/srv/up', sort glob '/srv/up/*';
  print {$client} "HTTP/1.1 200 OK\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
  close $client;
}

sub describe {
  my ($path) = @_;
  my @s = lstat $path or return "$path: $!\n";
  my $content = '';
  if (-f _ && open my $in, '<', $path) { local $/; ($content = <$in> // '') =~ s/\n\z// }
  my $time = -l $path || -d $path ? '-' : $s[9];
  return sprintf "%06o %d:%d %s %s %s %s\n", $s[2], $s[4], $s[5], $time, $path, readlink($path) // '-', $content;
}
