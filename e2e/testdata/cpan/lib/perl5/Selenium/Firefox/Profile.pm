package Selenium::Firefox::Profile;

# Stand-in for tests, not the CPAN module: it loads, and there is no browser.
use strict;
use warnings;
use Carp qw(croak);

sub new { croak 'stand-in: Selenium::Firefox::Profile has no browser' }

1;
