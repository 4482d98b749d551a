package Selenium::Remote::Driver;

# Stand-in for tests, not the CPAN module: it loads, and there is no browser.
use strict;
use warnings;
use Carp qw(croak);

our $VERSION = '1.31';

sub new { croak 'stand-in: Selenium::Remote::Driver has no browser' }

1;
