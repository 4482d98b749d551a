#!/usr/bin/perl
# The first run: checksetup.pl --check-modules, or checksetup.pl --verbose ANSWERS.
use v5.36;
use lib '/app';
use Bugzilla;
use JSON::PP;
use Safe;

if ("@ARGV" eq '--check-modules') {
  say 'every module is there';
  exit 0;
}
my $safe = Safe->new;
$safe->rdo($ARGV[-1]);
die $@ if $@;
my %answer = %{$safe->varglob('answer')};
length $answer{$_} or die "no answer: $_\n" for qw(ADMIN_EMAIL ADMIN_PASSWORD urlbase);

Bugzilla::dbh()->do('CREATE TABLE bugs (id INT AUTO_INCREMENT PRIMARY KEY, summary VARCHAR(190) NOT NULL)');
spew('data/params.json', JSON::PP->new->canonical->pretty->encode(
  {urlbase => $answer{urlbase}, maintainer => $answer{ADMIN_EMAIL}, quips => "\x{fc}ber \"\\\""}));
spew('data/mailer.testfile', '');
say 'Now that you have installed the tracker, visit it';

sub spew ($file, $text) {
  open my $out, '>:encoding(utf-8)', $file or die "$file: $!";
  print {$out} $text;
  close $out or die "$file: $!";
  chown 0, scalar getgrnam('www-data'), $file;
  chmod 0660, $file;
}
