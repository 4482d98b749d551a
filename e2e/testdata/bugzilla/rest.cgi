#!/usr/bin/perl -T
use v5.36;
use JSON::PP;

my %answer = (
  'GET /version' => sub { {version => '1.0', mod_perl => $ENV{MOD_PERL}, url => Bugzilla::url('rest/version')} },
  'POST /bug'    => sub {
    read STDIN, my $body, $ENV{CONTENT_LENGTH};
    return {id => 0 + Bugzilla::create_bug(decode_json($body)->{summary})};
  },
  'GET /bug' => sub ($id) {
    my $summary = Bugzilla::summary($id) // return undef;
    return {bugs => [{id => 0 + $id, summary => $summary, url => Bugzilla::url("show_bug.cgi?id=$id")}]};
  },
);
my ($what, $id) = ($ENV{PATH_INFO} // '') =~ m{\A(/[a-z]+)(?:/([0-9]+))?\z};
my $code = $answer{"$ENV{REQUEST_METHOD} " . ($what // '')};
my $found = $code && $code->($id // ());
print "Status: 404 Not Found\n" if !$found;
print "Content-Type: application/json\n\n", encode_json($found // {error => JSON::PP::true});
