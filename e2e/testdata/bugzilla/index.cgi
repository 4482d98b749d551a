#!/usr/bin/perl -T
use v5.36;
print "Content-Type: text/html\n\n";
print '<!DOCTYPE html><title>Bugs</title><link rel="stylesheet" href="' . Bugzilla::url('skins/main.css') . '">';
print '<a href="' . Bugzilla::url() . '">Bugs</a> <a href="' . Bugzilla::url('rest/version') . '">version</a>';
