#!/usr/bin/perl -T
# An answer that takes its time, and a file that says that it is on its way.
use v5.36;

open my $file, '>', "/tmp/$$" or die "/tmp/$$: $!";
sleep 2;
print "Content-Type: text/plain\n\ndone\n";
